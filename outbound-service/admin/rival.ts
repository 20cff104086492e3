import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';

const isByHand = (event: RecordedEvent): event is RecordedEvent<string, { readonly reason: string }> =>
  event.metadata.actor.startsWith('client:') && typeof event.data['reason'] === 'string';

/**
 * Does what an operator asks for. One whom somebody else was faster than is told who that was, what they did, when and why.
 * @param perform answers the events recorded; none: it was so already
 */
export const winOrLearn = async <Result extends { readonly events: readonly RecordedEvent[] }>(
  store: Pick<EventStore, 'readStream'>,
  stream: string,
  perform: () => Promise<Result>,
): Promise<Result> => {
  let refused: ConflictError | undefined;
  try {
    const result = await perform();
    if (result.events.length > 0) return result;
    refused = new ConflictError('HUB_ACTED_ALREADY', 'it is so already');
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    refused = error;
  }
  const last = (await store.readStream(stream)).findLast(isByHand);
  if (!last) throw refused;
  const { type, revision, metadata, data } = last;
  const act = { by: metadata.actor, did: type, at: metadata.time, reason: data.reason, revision };
  throw new ConflictError(refused.code, `${refused.message}; ${act.by} did ${type} at ${act.at}: ${act.reason}`, {
    ...refused.extensions,
    lastAct: act,
  });
};
