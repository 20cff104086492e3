import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';

export interface ActiveRequests {
  count: number;
}

const known = new WeakMap<Telemetry, ActiveRequests>();

/** One count for all servers of a process: two of one name and no labels would be one series twice, which a scrape refuses. */
export const activeRequestsOf = (telemetry: Telemetry): ActiveRequests => {
  const found = known.get(telemetry);
  if (found) return found;
  const active: ActiveRequests = { count: 0 };
  telemetry.gauge(METRICS.httpServerActive.name, () => [[active.count]]);
  known.set(telemetry, active);
  return active;
};
