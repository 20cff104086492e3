import { ROOT_CONTEXT, type Span as OtelSpan, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { Span, SpanOptions } from '@sagahub/contracts/ports/telemetry.ts';
import { scrub } from './redaction.ts';
import type { Env } from './resource.ts';
import { samplerOf } from './sampler.ts';

export interface Tracing extends AsyncDisposable {
  startSpan(name: string, options?: SpanOptions): Span;
}

/** Base URL, to which `/v1/traces` is added, or the traces URL itself. */
const endpointOf = (env: Env): string | undefined => {
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  return env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || (base ? `${base.replace(/\/$/, '')}/v1/traces` : undefined);
};

/** Spans go to `OTEL_EXPORTER_OTLP_ENDPOINT` as OTLP over HTTP (JSON); without it nothing is loaded and spans pass their parent on. */
export const openTracing = async (resource: Resource, env: Env): Promise<Tracing> => {
  const endpoint = endpointOf(env);
  return endpoint && env['OTEL_SDK_DISABLED'] !== 'true' ? exporting(endpoint, resource, env) : passingOn;
};

const passingOn: Tracing = {
  startSpan: (_name, options) => (options?.parent === undefined ? ORPHAN : new PassedOnSpan(options.parent)),
  [Symbol.asyncDispose]: async () => {},
};

/** Measures nothing and keeps the partner's trace whole: the next system sees the parent it would have seen without us. */
class PassedOnSpan implements Span {
  readonly traceparent: string | undefined;
  constructor(traceparent: string | undefined) {
    this.traceparent = traceparent;
  }
  setAttribute(): void {}
  fail(): void {}
  end(): void {}
}
const ORPHAN: Span = new PassedOnSpan(undefined);

const exporting = async (endpoint: string, resource: Resource, env: Env): Promise<Tracing> => {
  const [sdk, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const provider = new sdk.TracerProvider({
    resource,
    sampler: samplerOf(sdk, env),
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: endpoint }), maxQueueSize: 8_192, scheduledDelayMillis: 1_000 }),
    ],
  });
  const tracer = provider.getTracer('sagahub');
  return {
    startSpan: (name, options = {}) =>
      new ExportedSpan(
        tracer.startSpan(name, { kind: KIND[options.kind ?? 'internal'], attributes: options.attributes ?? {} }, contextOf(options.parent)),
      ),
    [Symbol.asyncDispose]: () => provider.shutdown(), // flushes
  };
};

const KIND = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** An invalid parent is as good as none (W3C Trace Context 3.2): a new trace begins. */
const contextOf = (traceparent: string | undefined) => {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true });
};

class ExportedSpan implements Span {
  readonly #span: OtelSpan;
  constructor(span: OtelSpan) {
    this.#span = span;
  }
  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }
  setAttribute(name: string, value: string | number | boolean): void {
    this.#span.setAttribute(name, value);
  }
  fail(error: unknown): void {
    const message = scrub(error instanceof Error ? error.message : String(error));
    this.#span.setAttribute(
      'error.type',
      error instanceof HubError ? error.code : error instanceof Error ? error.constructor.name : '_OTHER',
    );
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  end(): void {
    this.#span.end();
  }
}
