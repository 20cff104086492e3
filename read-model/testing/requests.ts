import type { ApiRequest, ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import type { Principal, Scope } from '@sagahub/contracts/ports/identity.ts';

export const principal = (partnerId: string, ...scopes: readonly Scope[]): Principal => ({
  clientId: `${partnerId}-client`,
  partnerId,
  scopes: new Set(scopes),
  rateLimitPerMinute: 0,
});

export interface Asked {
  readonly as?: Principal;
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string | readonly string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Calls a route as `adapters/http` would after authentication. */
export const ask = (route: Route, { as, params = {}, query = {}, headers = {}, body, signal }: Asked = {}): Promise<ApiResponse> => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) search.append(name, one);
  const request: ApiRequest = {
    method: route.method,
    url: `${route.path}${search.size > 0 ? `?${search.toString()}` : ''}`,
    params,
    query,
    headers,
    body,
    principal: as ?? principal('acme', 'orders:read'),
    correlationId: 'flow-1',
    requestId: 'request-1',
    traceparent: undefined,
    remoteAddress: '127.0.0.1',
    signal: signal ?? new AbortController().signal,
  };
  return route.handle(request);
};

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the test says what it expects
export const bodyOf = <Body>(answer: ApiResponse): Body => answer.body as Body;

/** A streamed answer as text, to its end. */
export const textOf = async (answer: ApiResponse): Promise<string> => {
  let text = '';
  for await (const chunk of answer.body as AsyncIterable<string>) text += chunk;
  return text;
};

/** NDJSON, parsed. */
export const linesOf = async <Line>(answer: ApiResponse): Promise<Line[]> =>
  (await textOf(answer))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
