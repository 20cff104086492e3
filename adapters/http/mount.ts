import type { RequestListener } from 'node:http';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, MethodNotAllowedError, NotFoundError } from '@sagahub/contracts/errors.ts';
import express, { type ErrorRequestHandler, type Request, type Response } from 'express';
import { type ExchangeContext, exchangeOf, type Handler, pathOf } from './exchange.ts';

/**
 * Routes as a request listener. A path without parameters is found in a map; for all others Express scans its layers, one regular
 * expression after the other. Express makes every request and response it sees an object of another class, which alone slows whatever
 * touches them afterwards: without it, accepting an order takes 8 % less.
 */
export const mount = (routes: readonly Route[], context: ExchangeContext): RequestListener => {
  const app = express().disable('x-powered-by').disable('etag').enable('case sensitive routing');
  const exact = new Map<string, Handler>();
  const exactly = (path: string): Handler | undefined => exact.get(path) ?? (path.endsWith('/') ? exact.get(path.slice(0, -1)) : undefined);
  // The same once more, for the forms of a request target that only Express understands (`GET http://host/path`).
  app.use((request, response, next) => {
    const handle = exactly(request.path);
    if (handle) void handle(request, response, {});
    else next();
  });
  for (const [path, methods] of byPath(routes, context)) {
    const other = answering(path, otherMethods([...methods.keys()]), context);
    const handle: Handler = (request, response, params) =>
      (methods.get(request.method === 'HEAD' ? 'GET' : (request.method ?? '')) ?? other)(request, response, params);
    if (/[:*{]/.test(path)) app.all(path, (request, response) => handle(request, response, flat(request.params)));
    else exact.set(path, handle);
  }
  const advice = routes.some(({ path }) => path === '/openapi.json') ? 'GET /openapi.json lists what there is' : undefined;
  const unknown = answering(NO_ROUTE, () => Promise.reject(new NotFoundError('this path', advice)), context);
  app.use((request: Request, response: Response) => unknown(request, response, {}));
  const unroutable: ErrorRequestHandler = (error: unknown, request, response, _next) =>
    answering(NO_ROUTE, () => Promise.reject(routingFault(error)), context)(request, response, {});
  app.use(unroutable);
  return (request, response) => {
    const handle = exactly(pathOf(request));
    if (handle) void handle(request, response, {});
    else app(request, response);
  };
};

/** How requests that match no route are counted. */
const NO_ROUTE = '(none)';

const byPath = (routes: readonly Route[], context: ExchangeContext): Map<string, Map<string, Handler>> => {
  const paths = new Map<string, Map<string, Handler>>();
  for (const route of routes) {
    const methods = paths.get(route.path) ?? new Map<string, Handler>();
    if (methods.has(route.method)) throw new Error(`${route.method} ${route.path} is mounted twice`);
    if (route.scopes.length > 0 && !context.authenticator)
      throw new Error(`${route.path} has scopes, but this server authenticates nobody`);
    paths.set(route.path, methods.set(route.method, exchangeOf(route, context)));
  }
  return paths;
};

/** An exchange like any other (ids, headers, limits, metrics) for what no service has a route for. */
const answering = (path: string, handle: Route['handle'], context: ExchangeContext): Handler =>
  exchangeOf(
    { method: 'GET', path, scopes: [], handle, operation: { operationId: 'none', summary: '', tag: 'none', responses: {} } },
    context,
  );

const otherMethods = (methods: readonly string[]): Route['handle'] => {
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
  return async (request) => {
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: allowed.join(', ') } };
    throw new MethodNotAllowedError(request.method, allowed);
  };
};

/** Express fails before any handler on a path parameter that is no valid percent-encoding. */
const routingFault = (error: unknown): unknown =>
  error instanceof URIError || (error as { status?: number }).status === 400
    ? new MalformedRequestError('the path is not validly percent-encoded', { cause: error })
    : error;

/** A wildcard arrives as its segments. */
const flat = (params: Readonly<Record<string, string | string[]>>): Record<string, string> => {
  const all: Record<string, string> = {};
  for (const name in params) {
    const value = params[name];
    if (value !== undefined) all[name] = typeof value === 'string' ? value : value.join('/');
  }
  return all;
};
