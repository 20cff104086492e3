import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';

/**
 * Where somebody goes on who follows the log: at the checkpoint, or at the end of a log that ends before it because it was restored to an earlier
 * moment. What comes now has places that would pass for done already.
 */
export const goingOnAt = async (checkpoint: bigint, store: Pick<EventStore, 'lastPosition'>): Promise<bigint> => {
  const end = await store.lastPosition();
  return checkpoint < end ? checkpoint : end;
};
