import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Channel, CHANNEL_HEADER, isChannel } from '@sagahub/contracts/api/channel.ts';
import type { ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import { FairShareError } from '@sagahub/contracts/errors.ts';
import type { Attributes, Histogram, Span, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { ActiveRequests } from './active-requests.ts';
import { admit, type Edge, refuseOverLimit } from './admission.ts';
import { IncomingApiRequest } from './api-request.ts';
import { ClientGoneError, receiveBody } from './body.ts';
import { carryOut } from './carry-out.ts';
import { holdOff } from './hold-off.ts';
import { isFault, problemOf } from './problem.ts';
import { acceptId, acceptTraceparent } from './request-ids.ts';
import { type Headers, respond } from './respond.ts';

/** What all exchanges of one server share. */
export interface ExchangeContext extends Edge {
  readonly telemetry: Telemetry;
  readonly duration: Histogram;
  readonly securityHeaders: Readonly<Record<string, string>>;
  readonly bodyTimeoutMs: number;
  /** Proxies in front whose `X-Forwarded-For` is believed; 0 = none. */
  readonly trustedProxies: number;
  /** The gateway alone reaches this server, and tells how it was reached itself. */
  readonly behindGateway: boolean;
  /** Controllers of signals that handlers hold. */
  readonly stopping: Set<AbortController>;
  readonly active: ActiveRequests;
  draining: boolean;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, params: Readonly<Record<string, string>>) => Promise<void>;

/** A route as a function of one exchange. It never rejects: whatever is thrown becomes a problem. */
export const exchangeOf = (route: Route, context: ExchangeContext): Handler => {
  const measure = measurer(route.path, context.duration);
  return async (request, response, params) => {
    const startedAt = performance.now();
    context.active.count++;
    const method = request.method ?? 'GET';
    const span = context.telemetry.startSpan(`${method} ${route.path}`, {
      kind: 'server',
      parent: acceptTraceparent(request.headers['traceparent'] as string | undefined),
      attributes: { 'http.request.method': method, 'http.route': route.path, 'url.path': pathOf(request) },
    });
    const apiRequest = new IncomingApiRequest(request, response, context.stopping, {
      params,
      correlationId: acceptId(request.headers['x-correlation-id'] as string | undefined),
      requestId: acceptId(request.headers['x-request-id'] as string | undefined),
      traceparent: span.traceparent,
      remoteAddress: addressOf(request, context.trustedProxies),
      channel: context.behindGateway ? channelOf(request) : undefined,
    });
    const headers = commonHeaders(context, apiRequest);
    let status = 0;
    try {
      const answer = await answerOf(route, context, request, response, apiRequest, headers);
      ({ status } = answer);
      if (context.draining) headers['connection'] = 'close';
      await respond(request, response, answer, headers);
    } catch (error) {
      status = await refuse(error, { route, context, request, response, apiRequest, headers, span });
    }
    span.setAttribute('http.response.status_code', status);
    span.end();
    context.active.count--;
    if (context.draining) closeBehind(request, response);
    measure(method, status, startedAt);
  };
};

const commonHeaders = ({ securityHeaders }: ExchangeContext, { requestId, correlationId }: IncomingApiRequest): Headers => ({
  ...securityHeaders,
  'x-request-id': requestId,
  'x-correlation-id': correlationId,
});

/** A connection whose answer began before draining did was not told to close. */
const closeBehind = (request: IncomingMessage, response: ServerResponse): void => {
  if (response.writableFinished) request.socket.destroySoon();
  else response.once('finish', () => request.socket.destroySoon());
};

const answerOf = async (
  route: Route,
  context: ExchangeContext,
  request: IncomingMessage,
  response: ServerResponse,
  apiRequest: IncomingApiRequest,
  headers: Headers,
): Promise<ApiResponse> => {
  if (route.scopes.length > 0) {
    const { remoteAddress } = apiRequest;
    apiRequest.principal = await admit(route, context, { authorization: apiRequest.headers['authorization'], remoteAddress }, headers);
  } else if (!route.unlimited) refuseOverLimit(await context.limiter?.anonymous(apiRequest.remoteAddress), headers);
  // A slow sender must not hold a place while its body arrives.
  const body = route.body && (await receiveBody(request, response, route.body, context.bodyTimeoutMs));
  return carryOut(route, context, apiRequest, async (accepted) => {
    if (route.intake && response.destroyed) throw new ClientGoneError('the client left before its turn came');
    apiRequest.accepted = accepted;
    if (body) apiRequest.body = body();
    return route.handle(apiRequest);
  });
};

interface Failure {
  readonly route: Route;
  readonly context: ExchangeContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly apiRequest: IncomingApiRequest;
  readonly headers: Headers;
  readonly span: Span;
}

/** Says no, and records what is our fault. Returns the status. */
const refuse = async (error: unknown, failure: Failure): Promise<number> => {
  const { context, request, response, apiRequest, headers, span } = failure;
  if (error instanceof ClientGoneError) {
    response.destroy();
    return CLIENT_CLOSED_REQUEST;
  }
  const problem = problemOf(error, apiRequest.requestId, apiRequest.traceparent);
  if (isFault(error, problem.status)) {
    span.fail(error);
    logFailure(error, problem.status, failure);
  }
  if (response.headersSent) return problem.status;
  // The headers so far may hold what the error is about, such as a value that no header can have.
  const clean = commonHeaders(context, apiRequest);
  for (const name of ['ratelimit', 'ratelimit-policy']) if (headers[name] !== undefined) clean[name] = headers[name];
  if (context.draining) clean['connection'] = 'close';
  await respond(request, response, problem, clean).catch(() => response.destroy());
  const stays = clean['connection'] !== 'close';
  if (error instanceof FairShareError && stays && isOfOneClient(context)) holdOff(request.socket, error.retryAfterMs);
  return problem.status;
};

/** Not of a proxy, or of the gateway, who sends requests of many over one connection. */
const isOfOneClient = ({ trustedProxies, behindGateway }: ExchangeContext): boolean => trustedProxies === 0 && !behindGateway;

/** nginx's name for a client that did not wait; never sent, only counted. */
const CLIENT_CLOSED_REQUEST = 499;

const logFailure = (error: unknown, status: number, { route, context, apiRequest }: Failure): void => {
  const fields: Attributes = {
    'http.request.method': apiRequest.method,
    'http.route': route.path,
    'http.response.status_code': status,
    requestId: apiRequest.requestId,
    correlationId: apiRequest.correlationId,
    clientId: apiRequest.principal?.clientId,
    traceparent: apiRequest.traceparent,
  };
  context.telemetry.logger.error('request failed', fields, error);
};

/** Attribute sets are made once per outcome, so that recording allocates nothing and an adapter may know them by identity. */
const measurer = (route: string, duration: Histogram) => {
  const known = new Map<string, Attributes>();
  return (method: string, status: number, startedAt: number): void => {
    const outcome = method + status;
    let attributes = known.get(outcome);
    if (!attributes) {
      attributes = Object.freeze({ 'http.request.method': method, 'http.route': route, 'http.response.status_code': status });
      known.set(outcome, attributes);
    }
    duration.record((performance.now() - startedAt) / 1000, attributes);
  };
};

/** The request target without its query. */
export const pathOf = (request: IncomingMessage): string => {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
};

const channelOf = (request: IncomingMessage): Channel | undefined => {
  const sent = request.headers[CHANNEL_HEADER] as string | undefined;
  return isChannel(sent) ? sent : undefined;
};

/** The address of who is calling: the connection's, or the one that the outermost trusted proxy saw. */
const addressOf = (request: IncomingMessage, trustedProxies: number): string => {
  const direct = request.socket.remoteAddress ?? 'unknown';
  if (trustedProxies === 0) return direct;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-trustedProxies)?.trim() || direct;
};
