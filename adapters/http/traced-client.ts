import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import type { Attributes, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';

/**
 * One client span and one duration per call. A call whose headers carry a `traceparent` continues that trace, and what goes out
 * names the call's own span.
 */
export const tracedHttpClient = (inner: HttpClient, telemetry: Telemetry): HttpClient => {
  const duration = telemetry.histogram(METRICS.httpClientDuration.name);
  return {
    async request(call) {
      const startedAt = performance.now();
      const { origin, pathname, hostname } = new URL(call.url);
      const span = telemetry.startSpan(call.method, {
        kind: 'client',
        parent: call.headers?.['traceparent'],
        // Without user, password and query: those may be secrets.
        attributes: { 'http.request.method': call.method, 'server.address': hostname, 'url.full': origin + pathname },
      });
      try {
        const traced = span.traceparent === undefined ? call : { ...call, headers: { ...call.headers, traceparent: span.traceparent } };
        const outcome = await inner.request(traced);
        const result: Attributes =
          outcome.kind === 'answer' ? { 'http.response.status_code': outcome.status } : { 'error.type': outcome.reason };
        for (const [name, value] of Object.entries(result)) if (value !== undefined) span.setAttribute(name, value);
        if (outcome.kind === 'failure') span.fail(new Error(outcome.detail));
        duration.record((performance.now() - startedAt) / 1000, {
          'http.request.method': call.method,
          'server.address': hostname,
          ...result,
        });
        return outcome;
      } finally {
        span.end();
      }
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
};
