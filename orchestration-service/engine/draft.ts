import type { EventBody, EventMetadata, NewEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { ActContext, Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { foldBody } from './folding.ts';

/** Version of the event shapes in `contracts/messages`. */
const SCHEMA_VERSION = 1;

/** Events about to be appended to one stream, and the state they would lead to. Lives for one append. */
export class Draft {
  readonly base: Folded;
  readonly events: NewEvent[] = [];
  #folded: Folded;
  readonly #metadata: EventMetadata;

  /** @param nowMs raised to the time of the stream's last event, so that time never goes back within a stream */
  constructor(base: Folded, context: ActContext, nowMs: number) {
    this.base = base;
    this.#folded = base;
    const time = new Date(nowMs).toISOString();
    this.#metadata = {
      time: time < base.time ? base.time : time,
      correlationId: context.correlationId ?? base.correlationId,
      ...((context.traceparent ?? base.traceparent) && { traceparent: context.traceparent ?? base.traceparent! }),
      partnerId: base.partnerId,
      actor: context.actor,
      schemaVersion: SCHEMA_VERSION,
    };
  }

  get folded(): Folded {
    return this.#folded;
  }

  /** @param sagaVersion of the version that decided; absent for facts from outside */
  record(bodies: readonly EventBody<string, any>[], sagaVersion?: number): void {
    for (const body of bodies) {
      const metadata = sagaVersion === undefined ? this.#metadata : { ...this.#metadata, sagaVersion };
      this.events.push({ id: newId(), type: body.type, data: body.data, ...(body.private && { private: body.private }), metadata });
      this.#folded = foldBody(this.#folded, body, metadata.time, sagaVersion);
    }
  }
}
