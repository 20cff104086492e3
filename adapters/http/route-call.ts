import type { RouteAnswer, TransportedRequest } from '@sagahub/contracts/api/route-answer.ts';
import type { ApiRequest, ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { admit, type Edge } from './admission.ts';
import { ClientGoneError } from './body.ts';
import { carryOut } from './carry-out.ts';
import { isFault, problemOf } from './problem.ts';
import type { Headers } from './respond.ts';

/** nginx's name for a caller that did not wait. */
export const GONE: RouteAnswer = { status: 499, headers: {}, body: {} };

/**
 * Calls a route as HTTP would: the same door, the same handler, the same problems, so that no other transport has rules of its own.
 * Never rejects. What is the hub's fault is logged.
 */
export const callRoute = async (route: Route, request: TransportedRequest, edge: Edge, logger: Logger): Promise<RouteAnswer> => {
  const headers: Headers = {};
  try {
    const { remoteAddress } = request;
    const principal = await admit(route, edge, { authorization: request.headers['authorization'], remoteAddress }, headers);
    const admitted = { ...request, query: {}, principal };
    const answer = await carryOut(route, edge, admitted, async (accepted) =>
      route.handle({ ...admitted, ...bodyFor(route, request), accepted }),
    );
    return { status: answer.status, headers: { ...answer.headers, ...headers }, body: await jsonOf(answer) };
  } catch (error) {
    if (error instanceof ClientGoneError) return GONE;
    const { requestId, correlationId, traceparent, channel } = request;
    const problem = problemAnswer(error, requestId, traceparent);
    if (isFault(error, problem.status))
      logger.error('request failed', { channel, route: route.path, requestId, correlationId, traceparent }, error);
    return { ...problem, headers: { ...problem.headers, ...headers } };
  }
};

/** What a caller may know of anything thrown. */
export const problemAnswer = (error: unknown, requestId: string, traceparent?: string): RouteAnswer => {
  const { status, headers, body } = problemOf(error, requestId, traceparent);
  return { status, headers, body: { ...body } };
};

/** A route of a service in another process passes text on. */
const bodyFor = (route: Route, { body: read, headers }: TransportedRequest): Pick<ApiRequest, 'body' | 'headers'> => {
  const body = read?.();
  if (body === undefined || route.body?.types['application/json'] !== 'text') return { body, headers };
  return { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
};

const jsonOf = async ({ body }: ApiResponse): Promise<Readonly<Record<string, unknown>>> => {
  if (body === undefined) return {};
  if (typeof body === 'string') return parsed(body);
  if (body instanceof Uint8Array) return parsed(Buffer.from(body).toString('utf8'));
  if (!(Symbol.asyncIterator in body)) return body as Readonly<Record<string, unknown>>;
  let text = '';
  for await (const chunk of body) text += chunk;
  return parsed(text);
};

const parsed = (text: string): Readonly<Record<string, unknown>> => (text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
