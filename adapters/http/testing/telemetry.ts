import type { Attributes, Logger, Span, SpanOptions, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';

export interface Recorded {
  readonly durations: Attributes[];
  readonly spans: (SpanOptions & { readonly name: string })[];
  readonly gauges: Map<string, () => Iterable<readonly [number, Attributes?]> | Promise<Iterable<readonly [number, Attributes?]>>>;
  readonly errors: { readonly fields: Attributes; readonly error: unknown }[];
}

/** Keeps what was reported; a span continues its parent's trace. */
export const recordingTelemetry = (): Telemetry & { readonly recorded: Recorded } => {
  const recorded: Recorded = { durations: [], spans: [], errors: [], gauges: new Map() };
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_message, fields = {}, error) => recorded.errors.push({ fields, error }),
    child: () => logger,
  };
  const span = (parent: string | undefined): Span => ({ setAttribute: () => {}, traceparent: parent, fail: () => {}, end: () => {} });
  return {
    recorded,
    logger,
    counter: () => ({ add: () => {} }),
    histogram: () => ({ record: (_value, attributes = {}) => recorded.durations.push(attributes) }),
    gauge: (name, observe) => {
      if (recorded.gauges.has(name)) throw new Error(`${name} is observed twice`);
      recorded.gauges.set(name, observe);
    },
    startSpan: (name, options = {}) => {
      recorded.spans.push({ name, ...options });
      return span(options.parent);
    },
  };
};
