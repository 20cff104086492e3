import type { Attributes, Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';

export interface CollectedTelemetry extends Telemetry {
  /** `name{labels}` → how often, e.g. `hub.orders.received{"channel":"http"}`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

/** Keeps what was counted and warned about. */
export const collectTelemetry = (): CollectedTelemetry => {
  const counts = new Map<string, number>();
  const warnings: string[] = [];
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message) => void warnings.push(message),
    error: (message) => void warnings.push(message),
    child: () => logger,
  };
  return {
    counts,
    warnings,
    logger,
    counter: (name) => ({
      add(value: number, attributes?: Attributes) {
        const key = `${name}${JSON.stringify(attributes ?? {})}`;
        counts.set(key, (counts.get(key) ?? 0) + value);
      },
    }),
    histogram: () => ({ record: () => undefined }),
    gauge: () => undefined,
    startSpan: (_name, options) => ({
      traceparent: options?.parent,
      setAttribute: () => undefined,
      fail: () => undefined,
      end: () => undefined,
    }),
  };
};
