import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { NewEvent, RecordedEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type BreakerEvent, breakerStream } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';

const SCHEMA_VERSION = 1;

/** The request on which somebody did it by hand. */
export interface BreakerTrace {
  readonly correlationId?: string;
  readonly traceparent?: string | undefined;
}

/** The openings and closings of one breaker, in the stream `breaker-<connector>`. Facts: always recorded, one after the other. */
export class BreakerLog {
  readonly stream: string;
  readonly #store: EventStore;
  readonly #clock: Clock;
  #revision = NO_STREAM;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(connector: string, store: EventStore, clock: Clock) {
    this.stream = breakerStream(connector);
    this.#store = store;
    this.#clock = clock;
  }

  /** What was recorded behind a revision, oldest first. */
  read(after: number): Promise<readonly RecordedEvent[]> {
    return this.#store.readStream(this.stream, { from: after + 1 });
  }

  /** Those before a revision and that one, newest first. */
  async newest(head: number, limit: number): Promise<readonly RecordedEvent[]> {
    return (await this.#store.readStream(this.stream, { from: Math.max(0, head - limit + 1), to: head })).toReversed();
  }

  /** @param id of the event, by which it is known again in the log */
  append(id: string, body: BreakerEvent, actor: string, trace: BreakerTrace = {}): Promise<void> {
    const time = new Date(this.#clock.now()).toISOString();
    const { correlationId = newId(), traceparent } = trace;
    const metadata = { time, correlationId, ...(traceparent !== undefined && { traceparent }), actor, schemaVersion: SCHEMA_VERSION };
    const appended = this.#tail.then(() => this.#append({ id, ...body, metadata }));
    this.#tail = appended.catch(() => undefined);
    return appended;
  }

  /** Resolves when everything asked for so far is in the log, or failed. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  async #append(event: NewEvent): Promise<void> {
    for (;;) {
      try {
        const { revision } = await this.#store.append({ stream: this.stream, expectedRevision: this.#revision, events: [event] });
        this.#revision = revision;
        return;
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        this.#revision = error.actual;
      }
    }
  }
}
