import type { ResumableClock } from '@sagahub/contracts/ports/clock.ts';

/** setTimeout takes no longer delay: it would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/**
 * The computer's clock, except that it never goes back. When the computer's is set back (NTP, a resumed virtual
 * machine), ours goes on from where it was, a tenth slower until the two agree: retries and deadlines neither
 * freeze nor fire early. Set forward, it follows at once.
 *
 * @param wallMs for tests: what the computer's clock says
 */
export const systemClock = (wallMs: () => number = Date.now): ResumableClock => {
  let lastWallMs = wallMs();
  let aheadTenths = 0; // of a millisecond; whole numbers, as rounding errors could take time back
  const now = (): number => {
    const wall = wallMs();
    const passedMs = wall - lastWallMs;
    if (passedMs < 0) aheadTenths -= passedMs * 10;
    else if (aheadTenths > 0) aheadTenths = Math.max(0, aheadTenths - passedMs);
    lastWallMs = wall;
    return wall + Math.ceil(aheadTenths / 10);
  };
  const resumeFrom = (ms: number): number => {
    const behindMs = ms - now();
    if (behindMs > 0) aheadTenths += Math.ceil(behindMs) * 10;
    return Math.ceil(aheadTenths / 10);
  };
  return { now, sleep, resumeFrom };
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
