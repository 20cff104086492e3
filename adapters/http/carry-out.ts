import { waitSecondsOf } from '@sagahub/contracts/api/prefer.ts';
import type { ApiRequest, ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import type { Edge } from './admission.ts';

/** After so long a request that prefers to wait has been accepted by a service in another process, most likely, and only waits. That has a gate of its own. */
const WAITS_AFTER_MS = 100;

/**
 * Has a request that was admitted carried out, intake as soon as there is a place for it. It keeps the place until it is accepted; how long that
 * takes tells how loaded the hub is.
 * @param handle told what to call when the request was accepted, should it go on to wait
 * @throws OverloadedError, FairShareError
 */
export const carryOut = async (
  route: Route,
  { gate }: Edge,
  { principal, headers }: Pick<ApiRequest, 'principal' | 'headers'>,
  handle: (accepted?: () => void) => Promise<ApiResponse>,
): Promise<ApiResponse> => {
  const place = route.intake && principal ? await gate?.enter(principal) : undefined;
  if (!place) return handle();
  const prefersToWait = waitSecondsOf(headers['prefer'], Infinity) !== undefined;
  const waits = prefersToWait && route.forwarded ? setTimeout(() => place.leave(), WAITS_AFTER_MS) : undefined;
  let served = false;
  try {
    const answer = await handle(() => place.leave(true));
    served = !prefersToWait && answer.status < 300;
    return answer;
  } finally {
    clearTimeout(waits);
    place.leave(served);
  }
};
