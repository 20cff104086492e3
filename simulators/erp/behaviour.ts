import { behaviourParser } from '../behaviours.ts';

/** How the simulated ERP behaves. Every member can be changed while it runs; rates are shares of the calls, from 0 to 1. */
export interface ErpBehaviour {
  /** Before each answer, plus up to `jitterMs` more. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Answers 500 and does nothing. */
  readonly failureRate: number;
  /** Does the work, then answers 500. */
  readonly failAfterWorkRate: number;
  /** Does the work, then drops the connection without an answer. */
  readonly lostAnswerRate: number;
  /** Answers nothing, and does the work `slowCommitMs` later, when the caller has given up. */
  readonly slowCommitRate: number;
  readonly slowCommitMs: number;
  /** `unavailable`: answers 503. `refused`: the listening socket is closed. `silent`: accepts calls and never answers. */
  readonly outage: 'none' | 'unavailable' | 'refused' | 'silent';
  /**
   * What goes wrong with an answer to `POST /orders`, at `garbageRate`. `html`: 200 and a page. `no-reference`: 201 without `erpRef`;
   * the work is done. `endless`: a body that never stops. `redirect`: 302. Only `no-reference` does the work.
   */
  readonly garbage: 'none' | 'html' | 'no-reference' | 'endless' | 'redirect';
  readonly garbageRate: number;
  /** Does a second POST of the same key make a second order? */
  readonly duplicates: 'refused' | 'possible';
  /** How a second POST of a key is answered where duplicates are refused. */
  readonly repeatStatus: 200 | 409;
  /** A new order shows in look-ups only this long after it was made. */
  readonly lookupDelayMs: number;
  /** Refused with 422. */
  readonly refusedSkus: readonly string[];
  readonly refusedCustomers: readonly string[];
  /** Refuses to cancel, with 422: shipped already. */
  readonly refuseCancellation: boolean;
  /** The only bearer token that is let in; empty: no credential is asked for. */
  readonly bearer: string;
  /** Orders a second before 429 with `Retry-After: retryAfterSeconds`; 0: without a limit. */
  readonly rateLimitPerSecond: number;
  readonly retryAfterSeconds: number;
}

export const WELL_BEHAVED: ErpBehaviour = {
  latencyMs: 0,
  jitterMs: 0,
  failureRate: 0,
  failAfterWorkRate: 0,
  lostAnswerRate: 0,
  slowCommitRate: 0,
  slowCommitMs: 1_000,
  outage: 'none',
  garbage: 'none',
  garbageRate: 1,
  duplicates: 'refused',
  repeatStatus: 409,
  lookupDelayMs: 0,
  refusedSkus: [],
  refusedCustomers: [],
  refuseCancellation: false,
  bearer: '',
  rateLimitPerSecond: 0,
  retryAfterSeconds: 1,
};

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  outage: ['none', 'unavailable', 'refused', 'silent'],
  garbage: ['none', 'html', 'no-reference', 'endless', 'redirect'],
  duplicates: ['refused', 'possible'],
  repeatStatus: [200, 409],
};

export const parseBehaviour = behaviourParser(WELL_BEHAVED, CHOICES);
