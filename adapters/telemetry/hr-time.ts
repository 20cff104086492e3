import type { HrTime } from '@opentelemetry/api';

/** Now, as OpenTelemetry writes times: seconds and nanoseconds. */
export const hrTime = (): HrTime => {
  const ms = Date.now();
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];
};
