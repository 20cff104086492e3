import { REDRIVE, REDRIVES, type RedriveDocument, type RedriveEvent } from '@sagahub/contracts/messages/redrive.ts';
import type { Fold } from './projection.ts';

/** One document per redrive job, without its items. */
export const redriveFold: Fold<RedriveDocument> = {
  category: REDRIVE,
  collection: REDRIVES,
  apply: (before, recorded) => {
    const event = recorded as unknown as RedriveEvent;
    const at = recorded.metadata.time;
    if (event.type === 'RedriveRequested') {
      const { deadLetterIds: _named, ...request } = event.data;
      return { ...request, status: 'listing', requestedAt: at, updatedAt: at, total: 0, counts: {} };
    }
    if (!before) throw new Error(`a redrive begins with RedriveRequested, not with ${recorded.type}`);
    return { ...before, ...changesBy(before, event, at), updatedAt: at };
  },
  tally: ({ status }) => [`redrive:${status}`],
  ended: ({ finishedAt }) => finishedAt !== undefined,
};

const changesBy = (before: RedriveDocument, event: RedriveEvent, at: string): Partial<RedriveDocument> => {
  switch (event.type) {
    case 'RedriveItemsFound': {
      const total = before.total + event.data.items.length;
      return { total, ...(event.data.next === undefined && before.status === 'listing' && { status: 'running' }) };
    }
    case 'RedriveProgressed': {
      const counts = { ...before.counts };
      for (const { outcome } of event.data.outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
      return { counts };
    }
    case 'RedrivePaused':
      return { status: 'paused' };
    case 'RedriveResumed':
      return { status: 'running' };
    case 'RedriveCancelled':
      return { status: 'cancelling' };
    case 'RedriveFinished':
      return { status: before.status === 'cancelling' ? 'cancelled' : 'finished', finishedAt: at };
    default:
      return {};
  }
};
