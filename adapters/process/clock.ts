import type { ResumableClock } from '@sagahub/contracts/ports/clock.ts';

/** setTimeout takes no longer delay: it would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/**
 * The computer's clock, except that it never goes back. When the computer's is set back (NTP, a resumed virtual
 * machine), ours goes on from where it was, a tenth slower until the two agree: retries and deadlines neither
 * freeze nor fire early. Set forward, it follows at once; where that takes back that it was set back, they agree again.
 *
 * @param wallMs what the computer's clock says, or another one that may be set
 * @param elapsedMs for tests: milliseconds since some moment, never set
 */
export const systemClock = (wallMs: () => number = Date.now, elapsedMs: () => number = () => performance.now()): ResumableClock => {
  let lastWallMs = wallMs();
  let lastElapsedMs = elapsedMs();
  let lastMs = lastWallMs;
  let aheadMs = 0;
  const now = (): number => {
    const [wall, elapsed] = [wallMs(), elapsedMs()];
    const passedMs = wall - lastWallMs;
    const jumpMs = passedMs - (elapsed - lastElapsedMs);
    const setForwardMs = jumpMs < 1 ? 0 : jumpMs; // the computer's clock tells whole milliseconds
    if (passedMs < 0) aheadMs -= passedMs;
    else aheadMs = Math.max(0, aheadMs - setForwardMs - (passedMs - setForwardMs) / 10);
    lastWallMs = wall;
    lastElapsedMs = elapsed;
    lastMs = Math.max(lastMs, wall + Math.ceil(aheadMs));
    return lastMs;
  };
  const resumeFrom = (ms: number): number => {
    aheadMs += Math.max(0, ms - now());
    return Math.ceil(aheadMs);
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
