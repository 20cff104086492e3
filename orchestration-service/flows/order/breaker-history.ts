import type { BreakerEvent } from '@sagahub/contracts/messages/hub.ts';

interface Change {
  readonly type: BreakerEvent['type'];
  readonly timeMs: number;
}

/** How long the breaker was open between two moments. Opening an open one, or closing a closed one, changes nothing. */
export const openMsBetween = (changes: Iterable<Change>, sinceMs: number, untilMs: number): number => {
  const overlap = (fromMs: number, toMs: number) => Math.max(0, Math.min(toMs, untilMs) - Math.max(fromMs, sinceMs));
  let openMs = 0;
  let openedAtMs: number | undefined;
  for (const { type, timeMs } of changes) {
    if (type === 'BreakerOpened') openedAtMs ??= timeMs;
    else if (openedAtMs !== undefined) {
      openMs += overlap(openedAtMs, timeMs);
      openedAtMs = undefined;
    }
  }
  return openedAtMs === undefined ? openMs : openMs + overlap(openedAtMs, untilMs);
};
