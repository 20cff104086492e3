import type { Attributes, Logger, SpanOptions, Telemetry } from '../ports/telemetry.ts';

type Observe = Parameters<Telemetry['gauge']>[1];

export interface RecordedTelemetry extends Telemetry {
  /** `name{labels}` → sum of what was added, e.g. `hub.orders.received{"channel":"http"}`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly durations: readonly { readonly name: string; readonly seconds: number; readonly attributes: Attributes }[];
  readonly spans: readonly (SpanOptions & { readonly name: string })[];
  readonly gauges: ReadonlyMap<string, Observe>;
  /** Log lines of these two levels. */
  readonly warnings: readonly LoggedLine[];
  readonly errors: readonly LoggedLine[];
}

export interface LoggedLine {
  readonly message: string;
  readonly fields: Attributes;
  readonly error?: unknown;
}

/** Telemetry that keeps what it was told. A span passes its parent's trace on. */
export const recordTelemetry = (): RecordedTelemetry => {
  const counts = new Map<string, number>();
  const durations: RecordedTelemetry['durations'][number][] = [];
  const spans: RecordedTelemetry['spans'][number][] = [];
  const gauges = new Map<string, Observe>();
  const warnings: LoggedLine[] = [];
  const errors: LoggedLine[] = [];
  const logger = (base: Attributes): Logger => ({
    debug: nothing,
    info: nothing,
    warn: (message, fields) => void warnings.push({ message, fields: { ...base, ...fields } }),
    error: (message, fields, error) => void errors.push({ message, fields: { ...base, ...fields }, error }),
    child: (fields) => logger({ ...base, ...fields }),
  });
  return {
    counts,
    durations,
    spans,
    gauges,
    warnings,
    errors,
    logger: logger({}),
    counter: (name) => ({
      add(value, attributes = {}) {
        const key = `${name}${JSON.stringify(attributes)}`;
        counts.set(key, (counts.get(key) ?? 0) + value);
      },
    }),
    histogram: (name) => ({ record: (seconds, attributes = {}) => void durations.push({ name, seconds, attributes }) }),
    gauge(name, observe) {
      if (gauges.has(name)) throw new Error(`${name} is observed twice`);
      gauges.set(name, observe);
    },
    startSpan: (name, options = {}) => {
      spans.push({ name, ...options });
      return { setAttribute: nothing, traceparent: options.parent, fail: nothing, end: nothing };
    },
  };
};

const nothing = (): void => {};
