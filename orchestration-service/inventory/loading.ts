import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { EventBody, NewEvent } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';

/** Who loads, and on whose behalf. */
export interface Act {
  /** `client:<id>`, or `hub`. */
  readonly by: string;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
}

/** Streams appended to, and rows written, at once. */
export const CHUNK = 1_000;
export const chunksOf = function* <Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += CHUNK) yield items.slice(start, start + CHUNK);
};

const SCHEMA_VERSION = 1;
/** Rounds lost against other writers of the same few streams; more than that is no coincidence. */
const MAX_ROUNDS = 20;

export const newEvent = (body: EventBody<string, any>, { by, correlationId, traceparent }: Act, nowMs: number): NewEvent => ({
  id: newId(),
  type: body.type,
  data: body.data,
  metadata: {
    time: new Date(nowMs).toISOString(),
    correlationId,
    ...(traceparent !== undefined && { traceparent }),
    actor: by,
    schemaVersion: SCHEMA_VERSION,
  },
});

export interface Step {
  readonly stream: string;
  readonly expectedRevision: number;
  /** Drawn anew for every try. */
  readonly event: () => NewEvent;
}

/**
 * Appends one event to each of many streams.
 * @param afterConflict what to expect next, given what the stream holds; `undefined`: leave it, somebody else did it. May throw.
 * @returns the revision written per step; `undefined` where it was left
 */
export const appendEach = async (
  store: EventStore,
  steps: readonly Step[],
  afterConflict: (place: number, actual: number) => Promise<number | undefined>,
): Promise<readonly (number | undefined)[]> => {
  const revisions: (number | undefined)[] = Array.from({ length: steps.length }, () => undefined);
  let open = steps.map((step, place) => ({ step, place, expectedRevision: step.expectedRevision }));
  for (let round = 0; open.length > 0; round++) {
    const results = await store.appendMany(
      open.map(({ step, expectedRevision }) => ({ stream: step.stream, expectedRevision, events: [step.event()] })),
    );
    const again: typeof open = [];
    for (const [index, result] of results.entries()) {
      const { step, place } = open[index]!;
      if (result.status === 'fulfilled') revisions[place] = result.value.revision;
      else if (result.reason instanceof RevisionConflictError && round < MAX_ROUNDS) {
        const expectedRevision = await afterConflict(place, result.reason.actual);
        if (expectedRevision !== undefined) again.push({ step, place, expectedRevision });
      } else throw result.reason;
    }
    open = again;
  }
  return revisions;
};
