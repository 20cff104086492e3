/** When a failed attempt is repeated, and when it is given up. */
export interface RetryPolicy {
  /** Wait behind the first failed attempt, the second, …; there is one attempt more than there are delays. */
  readonly delaysMs: readonly number[];
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** Each delay is drawn from this much below to this much above, so that orders that failed together do not come back together. */
const JITTER = 0.2;

/**
 * @param attemptOfRound 1-based, the one that just failed
 * @param atLeastMs what the third party asked for (`Retry-After`)
 * @returns milliseconds to wait; `undefined` when no attempt is left
 */
export const retryDelayMs = (policy: RetryPolicy, attemptOfRound: number, atLeastMs = 0): number | undefined => {
  const delayMs = policy.delaysMs[attemptOfRound - 1];
  if (delayMs === undefined) return undefined;
  return Math.max(Math.round(delayMs * (1 - JITTER + 2 * JITTER * policy.random())), atLeastMs);
};

const ASK_SOONEST_MS = 1_000;
const ASK_LATEST_MS = 5 * 60 * 1_000;

/** When a third party that decides later, and did not say when, is asked again: the longer it has taken, the more seldom. */
export const askAgainAfterMs = (waitedMs: number): number => Math.min(Math.max(Math.round(waitedMs / 2), ASK_SOONEST_MS), ASK_LATEST_MS);
