import { causeOf } from '@sagahub/contracts/causes.ts';
import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { CONSUMER_DEAD_LETTERS, type DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { type EventRefused, REFUSAL, type RefusalEvent, SEND } from '@sagahub/contracts/messages/consumer.ts';
import type { Fold } from './projection.ts';

type Known = RefusalEvent & Pick<RecordedEvent, 'stream' | 'metadata'>;

/** One dead letter per event that a consumer refused for good: its document is the letter. */
export const refusalFold: Fold<DeadLetter> = {
  category: REFUSAL,
  collection: CONSUMER_DEAD_LETTERS,
  apply: (before, event) => {
    const known = event as unknown as Known;
    if (known.type === 'EventRefused') return refused(before, known);
    if (!before) throw new Error(`a refusal begins with EventRefused, not with ${event.type}`);
    const at = known.metadata.time;
    switch (known.type) {
      case 'RefusalRedriven':
        return { ...before, state: 'redriven', resolvedAt: at, resolvedBy: known.data.by, resolution: known.data.reason };
      case 'RefusalFailed': {
        const { resolvedAt: _at, resolvedBy: _by, resolution: _resolution, ...rest } = before;
        return { ...rest, state: 'open', reason: known.data.reason, failedAt: at };
      }
      case 'RefusalSent':
        return { ...before, state: 'resolved', resolvedAt: at, resolution: 'it is in the queue of its consumer again' };
      case 'RefusalDiscarded':
        return { ...before, state: 'discarded', resolvedAt: at, resolvedBy: known.data.by, resolution: known.data.reason };
      default:
        return before;
    }
  },
  tally: ({ state, origin }) => (state === 'open' ? [`dead-letter:${origin}`] : []),
  ended: ({ state }) => state !== 'redriven',
};

const refused = (before: DeadLetter | undefined, { data, stream, metadata }: Known & EventRefused): DeadLetter => {
  const { refusalId, consumer, messageId, type, source, refusals, reason } = data;
  return {
    deadLetterId: refusalId,
    origin: 'consumer',
    flow: REFUSAL,
    stream,
    objectId: objectIdOf(source.stream),
    partnerId: metadata.partnerId ?? '',
    step: SEND,
    cause: causeOf({ reason: `${consumer} refused ${type}` }),
    reason: `${consumer}: ${reason}`,
    attempts: (before?.attempts ?? 0) + refusals,
    firstFailedAt: before?.firstFailedAt ?? metadata.time,
    failedAt: metadata.time,
    state: 'open',
    payload: { consumer, messageId, type, stream: source.stream, revision: source.revision },
  };
};
