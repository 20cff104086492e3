import type { ApiRequest, ApiResponse, BodySpec, Route } from '@sagahub/contracts/api/route.ts';
import type { Upstream } from '@sagahub/contracts/ports/upstream.ts';
import type { UpstreamBreaker } from './upstream-breaker.ts';

/** Longer than the longest `Prefer: wait`, so that the service decides when to answer. */
const ANSWER_TIMEOUT_MS = 40_000;
/** What a service may know of the caller's headers. Anything else stops here. */
const PASSED_ON = [
  'authorization',
  'content-type',
  'accept',
  'prefer',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
] as const;

/**
 * The routes of a service in another process: the gateway checks token, scope, limits and size as for its own, and passes the rest on
 * unread. The service checks the token again: nothing behind the gateway trusts it.
 */
export const forwardedRoutes = (routes: readonly Route[], upstream: Upstream, breaker: UpstreamBreaker): readonly Route[] =>
  routes.map((route) => ({
    ...route,
    ...(route.body && { body: unread(route.body) }),
    handle: (request: ApiRequest): Promise<ApiResponse> =>
      breaker.run(() =>
        upstream.send({
          method: request.method,
          url: request.url,
          headers: headersFor(request),
          body: typeof request.body === 'string' ? request.body : undefined,
          repeatable: request.method !== 'POST' || route.repeatable === true,
          timeoutMs: ANSWER_TIMEOUT_MS,
          signal: request.signal,
        }),
      ),
  }));

const unread = ({ types, ...rest }: BodySpec): BodySpec => ({
  ...rest,
  types: Object.fromEntries(Object.keys(types).map((type) => [type, 'text'] as const)),
});

const headersFor = (request: ApiRequest): Record<string, string> => {
  const headers: Record<string, string> = {
    'x-request-id': request.requestId,
    'x-correlation-id': request.correlationId,
    'x-forwarded-for': request.remoteAddress,
  };
  if (request.traceparent) headers['traceparent'] = request.traceparent;
  for (const name of PASSED_ON) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return headers;
};
