import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectionStatus } from '@sagahub/contracts/api/operations-views.ts';
import { type Figure, figure } from './figures.ts';
import { oldestWorkSeconds } from './open-work-age.ts';
import { type Percentiles, percentilesOf, shown } from './percentiles.ts';
import type { Site } from './site.ts';
import type { Run } from './throughput.ts';

const SAMPLE_EVERY_MS = 2_000;
/**
 * Memory counts as flat when in its last third the median is at most this much above that of the second third, and the most likewise: a
 * median alone would not see a peak, which is what a container's limit meets.
 */
const FLAT_MEDIAN = 0.05;
const FLAT_MOST = 0.1;
/** The same for the median of a lag, where a share of next to nothing would mean nothing. */
const FLAT_SECONDS = 0.1;

export interface SoakSample {
  readonly rssMiB: number;
  /** Age of the oldest event that the read model does not show yet. */
  readonly lagSeconds: number;
  /** Age of the oldest step that is still to be done. */
  readonly workSeconds: number;
  readonly inFlight: number;
}

/** Offers a steady load for long and watches whether anything grows. */
export const soak = async (run: Run, minutes: number, report: (text: string) => void): Promise<readonly Figure[]> => {
  const { offered } = run.site.profile.aims;
  await using generator = await run.site.generator('SOAK', 256);
  const samples: SoakSample[] = [];
  const latencies: number[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    const sending = generator.openLoop(offered, 60);
    const ended = sending.then(() => true);
    while (!(await Promise.race([ended, sleep(SAMPLE_EVERY_MS, false)]))) samples.push(await sampleOf(run.site));
    const sent = await sending;
    run.stored += sent.length;
    for (const { latencyMs } of sent) latencies.push(latencyMs);
    const { rssMiB, lagSeconds, workSeconds, inFlight } = samples.at(-1)!;
    const { each } = run.site.hubMemory();
    const whose = each.length > 0 ? ` (${each.map((process) => `${process.name} ${process.rssMiB.toFixed(0)}`).join(', ')})` : '';
    report(
      `minute ${minute}: ${rssMiB.toFixed(0)} MiB${whose}, read model ${lagSeconds.toFixed(1)} s behind, oldest work ${workSeconds.toFixed(1)} s, ${inFlight} orders in flight`,
    );
  }
  await run.site.completed(run.stored);
  return soakFigures(samples, latencies, `${minutes} minutes at ${offered} orders/s`);
};

const sampleOf = async (site: Site): Promise<SoakSample> => {
  const { body } = await site.hub.client('operator').get('/api/v1/admin/projections');
  const orders = (body.items as readonly ProjectionStatus[]).find(({ name }) => name === 'orders')!;
  const { inFlight } = await site.stats();
  return { rssMiB: site.hubMemory().rssMiB, lagSeconds: orders.lagSeconds, workSeconds: await oldestWorkSeconds(site.hub), inFlight };
};

/** @param of what was done, e.g. "10 minutes at 150 orders/s" */
export const soakFigures = (samples: readonly SoakSample[], latencies: readonly number[], of: string): readonly Figure[] => {
  const third = Math.floor(samples.length / 3);
  const thirds = (value: (sample: SoakSample) => number): readonly [Percentiles, Percentiles] => [
    percentilesOf(samples.slice(third, 2 * third).map(value)),
    percentilesOf(samples.slice(2 * third).map(value)),
  ];
  const [middle, end] = thirds(({ rssMiB }) => rssMiB);
  const growth = (name: string, value: (sample: SoakSample) => number): Figure => {
    const [before, after] = thirds(value);
    return {
      name: `${name} meanwhile, second and last third`,
      value: `${before.p50.toFixed(2)} → ${after.p50.toFixed(2)} s`,
      aim: 'flat',
      met: after.p50 <= before.p50 + FLAT_SECONDS,
      data: samples.map(value),
    };
  };
  const lag = percentilesOf(samples.slice(third).map(({ lagSeconds }) => lagSeconds));
  const accepted = percentilesOf(latencies);
  return [
    {
      name: `resident memory over ${of}, median (most) of second and last third`,
      value: `${middle.p50.toFixed(0)} (${middle.max.toFixed(0)}) → ${end.p50.toFixed(0)} (${end.max.toFixed(0)}) MiB`,
      aim: 'flat',
      met: end.p50 <= middle.p50 * (1 + FLAT_MEDIAN) && end.max <= middle.max * (1 + FLAT_MOST),
      data: samples,
    },
    growth('lag of the read model', ({ lagSeconds }) => lagSeconds),
    { name: 'lag of the read model meanwhile, most', value: `${lag.max.toFixed(1)} s`, aim: '≤ 1.0 s', met: lag.max <= 1, data: lag },
    growth('age of the oldest open work', ({ workSeconds }) => workSeconds),
    figure('accepted meanwhile, latency p50 / p95 / p99, ms', shown(accepted), accepted),
  ];
};
