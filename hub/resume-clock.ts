import type { Clock, ResumableClock } from '@sagahub/contracts/ports/clock.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';

/** Clocks of one machine and another differ by less. */
const WORTH_TELLING_MS = 5_000;

/**
 * Lets the hub's clock go on from the newest event of the log. A computer clock that was set back between two runs would otherwise leave
 * retries and deadlines waiting until it has caught up, and put new events before old ones.
 */
export const resumeClock = async (clock: Clock | ResumableClock, store: Pick<EventStore, 'newest'>, logger: Logger): Promise<void> => {
  if (!('resumeFrom' in clock)) return;
  const newest = await store.newest();
  if (!newest) return;
  const aheadMs = clock.resumeFrom(Date.parse(newest.metadata.time));
  if (aheadMs < WORTH_TELLING_MS) return;
  logger.warn('the clock is behind the log; the hub goes on from its newest event, a tenth slower until they agree', {
    aheadMs,
    newest: newest.metadata.time,
  });
};
