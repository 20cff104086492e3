import type { Route } from '@sagahub/contracts/api/route.ts';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../server.ts';
import { type RecordedTelemetry, recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';

/** A route with only what matters to a test. */
export const routeOf = (method: Route['method'], path: string, handle: Route['handle'], rest: Partial<Route> = {}): Route => ({
  method,
  path,
  scopes: [],
  operation: { operationId: `${method}${path}`, summary: '', tag: 'test', responses: {} },
  handle,
  ...rest,
});

export type Served = HttpServer & { readonly telemetry: RecordedTelemetry };

/** A server on a free port. Disposing it waits for nobody. */
export const serve = async (routes: readonly Route[], options: Partial<HttpServerOptions> = {}): Promise<Served> => {
  const telemetry = recordTelemetry();
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, routes, telemetry, ...options });
  return { ...server, telemetry, [Symbol.asyncDispose]: async () => void (await server.drain({ timeoutMs: 0 })) };
};
