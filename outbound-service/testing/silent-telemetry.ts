import type { Logger, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';

const nothing = () => undefined;
const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => logger };

/** Telemetry that goes nowhere. */
export const silentTelemetry: Telemetry = {
  logger,
  counter: () => ({ add: nothing }),
  histogram: () => ({ record: nothing }),
  gauge: nothing,
  startSpan: (_name, options) => ({ setAttribute: nothing, traceparent: options?.parent, fail: nothing, end: nothing }),
};
