import type { Clock } from '@sagahub/contracts/ports/clock.ts';

/** setTimeout takes no longer delay: it would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** While ahead of the computer's clock, ours gives up this share of every millisecond until it is caught up with. */
const SLEW = 0.1;

/**
 * The computer's clock, except that it never goes back. When the computer's is set back (NTP, a resumed virtual
 * machine), ours goes on from where it was, a tenth slower until the two agree: retries and deadlines neither
 * freeze nor fire early. Set forward, it follows at once.
 *
 * @param wallMs for tests: what the computer's clock says
 */
export const systemClock = (wallMs: () => number = Date.now): Clock => {
  let lastWallMs = wallMs();
  let aheadMs = 0;
  const now = (): number => {
    const wall = wallMs();
    const passedMs = wall - lastWallMs;
    if (passedMs < 0) aheadMs -= passedMs;
    else if (aheadMs > 0) aheadMs = Math.max(0, aheadMs - passedMs * SLEW);
    lastWallMs = wall;
    return wall + Math.ceil(aheadMs);
  };
  return { now, sleep };
};

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    let timer: NodeJS.Timeout;
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const wait = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : end()), stepMs).unref();
    };
    signal?.addEventListener('abort', end);
    wait(ms);
  });
