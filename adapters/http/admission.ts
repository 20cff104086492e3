import type { ApiRequest, Route } from '@sagahub/contracts/api/route.ts';
import { ForbiddenError, RateLimitedError, UnauthenticatedError } from '@sagahub/contracts/errors.ts';
import type { AdmissionGate } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Authenticator, Principal } from '@sagahub/contracts/ports/identity.ts';
import type { RateVerdict, RequestLimiter } from '@sagahub/contracts/ports/rate-limiter.ts';
import type { Headers } from './respond.ts';

/** Who stands at the door. */
export interface Edge {
  readonly authenticator: Authenticator | undefined;
  readonly limiter: RequestLimiter | undefined;
  /** Where intake is limited by what can be carried out. */
  readonly gate: AdmissionGate | undefined;
}

export interface Caller extends Pick<ApiRequest, 'remoteAddress'> {
  readonly authorization: string | undefined;
}

/**
 * Authentication, whether there is room, the quota, then the scope. A request whose token is not valid counts against its address.
 * @param headers gets what the answer tells of the quota
 */
export const admit = async (route: Route, { authenticator, limiter, gate }: Edge, caller: Caller, headers: Headers): Promise<Principal> => {
  if (!authenticator) throw new Error(`route ${route.path} has scopes and was mounted without an authenticator`);
  let principal: Principal;
  try {
    principal = await authenticator.authenticate(caller.authorization);
  } catch (error) {
    if (error instanceof UnauthenticatedError) refuseOverLimit(await limiter?.anonymous(caller.remoteAddress), headers);
    throw error;
  }
  if (route.intake) gate?.check(principal);
  refuseOverLimit(await limiter?.partner(principal), headers);
  if (!route.scopes.some((scope) => principal.scopes.has(scope))) throw new ForbiddenError(route.scopes);
  return principal;
};

/** @throws RateLimitedError */
export const refuseOverLimit = (verdict: RateVerdict | undefined, headers: Headers): void => {
  if (!verdict) return;
  const { policy, quota, windowMs, remaining, resetMs } = verdict;
  headers['ratelimit-policy'] = `"${policy}";q=${quota};w=${windowMs / 1000}`;
  headers['ratelimit'] = `"${policy}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`;
  if (!verdict.allowed) throw new RateLimitedError(policy, resetMs);
};
