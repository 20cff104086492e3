import type { Principal } from './identity.ts';

/** Where a caller stands in one window of its quota. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** Name of the policy, e.g. `partner`. */
  readonly policy: string;
  /** Requests a window. */
  readonly quota: number;
  readonly windowMs: number;
  /** 0 when used up. */
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetMs: number;
}

/** Counts requests; `undefined` = no limit applies. Called once per request, so an answer in memory comes without a promise. */
export interface RequestLimiter {
  /** A request with a valid token. */
  partner(principal: Principal): RateVerdict | undefined | Promise<RateVerdict | undefined>;
  /** A request without one, by the caller's address. */
  anonymous(remoteAddress: string): RateVerdict | undefined | Promise<RateVerdict | undefined>;
}
