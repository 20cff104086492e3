import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { NewEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { type BreakerEvent, breakerStream } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { BreakerState } from './breaker.ts';

const SCHEMA_VERSION = 1;

/** The openings and closings of one breaker, in the stream `breaker-<connector>`. Facts: always recorded, one after the other. */
export class BreakerLog {
  readonly #stream: string;
  readonly #store: EventStore;
  readonly #clock: Clock;
  #revision = NO_STREAM;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(connector: string, store: EventStore, clock: Clock) {
    this.#stream = breakerStream(connector);
    this.#store = store;
    this.#clock = clock;
  }

  async read(): Promise<BreakerState> {
    const events = await this.#store.readStream(this.#stream);
    this.#revision = events.at(-1)?.revision ?? NO_STREAM;
    let state: BreakerState = { state: 'closed' };
    for (const { type, data, metadata } of events) {
      const event = { type, data } as unknown as BreakerEvent;
      if (event.type === 'BreakerClosed') state = { state: 'closed' };
      if (event.type !== 'BreakerOpened') continue;
      const { cause, by, probeAt } = event.data;
      const sinceMs: number = state.state === 'closed' ? Date.parse(metadata.time) : state.sinceMs;
      const probeAtMs = probeAt === undefined ? undefined : Date.parse(probeAt);
      state = { state: 'open', cause, by, sinceMs, probeAtMs, lastFailure: cause };
    }
    return state;
  }

  append(body: BreakerEvent, actor: string, correlationId = newId()): Promise<void> {
    const time = new Date(this.#clock.now()).toISOString();
    const metadata = { time, correlationId, actor, schemaVersion: SCHEMA_VERSION };
    const appended = this.#tail.then(() => this.#append({ id: newId(), ...body, metadata }));
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
        const { revision } = await this.#store.append({ stream: this.#stream, expectedRevision: this.#revision, events: [event] });
        this.#revision = revision;
        return;
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        this.#revision = error.actual;
      }
    }
  }
}
