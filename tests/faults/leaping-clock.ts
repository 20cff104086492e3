import type { ResumableClock } from '@sagahub/contracts/ports/clock.ts';

/**
 * The machine's time, which a test can set by any amount. Whoever sleeps wakes when its time has come, by waiting or by a leap,
 * as on a computer that was suspended.
 */
export interface LeapingClock extends ResumableClock {
  /** Backwards only while no hub runs: within a process time never goes back. */
  leap(ms: number): void;
}

export const leapingClock = (): LeapingClock => {
  let aheadMs = 0;
  const asleep = new Set<() => void>();
  const now = () => Date.now() + aheadMs;
  const leap = (ms: number): void => {
    aheadMs += ms;
    for (const look of asleep) look();
  };
  return {
    now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const dueMs = now() + ms;
        let timer: NodeJS.Timeout | undefined;
        const end = (): void => {
          clearTimeout(timer);
          asleep.delete(look);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const look = (): void => {
          clearTimeout(timer);
          const leftMs = dueMs - now();
          if (leftMs <= 0 || signal?.aborted) return end();
          timer = setTimeout(look, Math.min(leftMs, LONGEST_TIMER_MS)).unref();
        };
        asleep.add(look);
        signal?.addEventListener('abort', end);
        look();
      }),
    leap,
    resumeFrom: (ms) => {
      const behindMs = Math.max(0, ms - now());
      leap(behindMs);
      return behindMs;
    },
  };
};

/** setTimeout takes no longer delay. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
