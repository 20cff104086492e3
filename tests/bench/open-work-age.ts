import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { RunningHub } from './installation.ts';

/** How long the oldest pending step of any queue has been waiting, from the metrics of the process that relays; 0 when there is none. */
export const oldestWorkSeconds = async ({ relayUrl }: Pick<RunningHub, 'relayUrl'>): Promise<number> =>
  oldestIn(await (await fetch(`${relayUrl}/metrics`)).text());

const SERIES = METRICS.openWorkOldestAge.name.replaceAll('.', '_');

/** @throws Error when the metric is missing: no figure is better than a good one that means nothing */
export const oldestIn = (metrics: string): number => {
  const lines = metrics.split('\n').filter((line) => line.startsWith(SERIES));
  if (lines.length === 0) throw new Error(`the metrics have no ${SERIES}`);
  return Math.max(
    ...lines.map((line) =>
      Number(
        line
          .slice(line.indexOf('}') + 1)
          .trim()
          .split(' ')[0],
      ),
    ),
  );
};
