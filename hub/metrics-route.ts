import type { Route } from '@sagahub/contracts/api/route.ts';

/** What Prometheus scrapes, for the management port. */
export const metricsRoute = (text: () => Promise<string>): Route => ({
  method: 'GET',
  path: '/metrics',
  scopes: [],
  operation: {
    operationId: 'getMetrics',
    summary: 'Metrics of this process, for Prometheus',
    tag: 'management',
    responses: { 200: { description: 'Metrics', mediaType: 'text/plain' } },
  },
  handle: async () => ({ status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body: await text() }),
});
