import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectionStatus } from '@sagahub/contracts/api/operations-views.ts';
import { type Figure, figure } from './figures.ts';
import { OFFERED } from './latency.ts';
import { percentilesOf, shown } from './percentiles.ts';
import { costOf } from './process-cost.ts';
import type { Site } from './site.ts';
import type { Run } from './throughput.ts';

const SAMPLE_EVERY_MS = 2_000;
/**
 * Memory counts as flat when in its last third the median is at most this much above that of the second third, and the most likewise: a
 * median alone would not see a peak, which is what a container's limit meets.
 */
const FLAT_MEDIAN = 0.05;
const FLAT_MOST = 0.1;

interface Sample {
  readonly rssMiB: number;
  readonly lagSeconds: number;
  readonly inFlight: number;
}

/** Offers a steady load for long and watches whether anything grows. */
export const soak = async (run: Run, minutes: number, report: (text: string) => void): Promise<readonly Figure[]> => {
  await using generator = await run.site.generator('SOAK', 256);
  const samples: Sample[] = [];
  const latencies: number[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    const sending = generator.openLoop(OFFERED, 60);
    const ended = sending.then(() => true);
    while (!(await Promise.race([ended, sleep(SAMPLE_EVERY_MS, false)]))) samples.push(await sampleOf(run.site));
    const sent = await sending;
    run.stored += sent.length;
    for (const { latencyMs } of sent) latencies.push(latencyMs);
    const { rssMiB, lagSeconds, inFlight } = samples.at(-1)!;
    report(`minute ${minute}: ${rssMiB.toFixed(0)} MiB, read model ${lagSeconds.toFixed(1)} s behind, ${inFlight} orders in flight`);
  }
  await run.site.completed(run.stored);
  return soakFigures(samples, latencies, minutes);
};

const sampleOf = async (site: Site): Promise<Sample> => {
  const { body } = await site.hub.client('operator').get('/api/v1/admin/projections');
  const orders = (body.items as readonly ProjectionStatus[]).find(({ name }) => name === 'orders')!;
  const { inFlight } = await site.stats();
  return { rssMiB: costOf(site.hub.pid).rssMiB, lagSeconds: orders.lagSeconds, inFlight };
};

export const soakFigures = (samples: readonly Sample[], latencies: readonly number[], minutes: number): readonly Figure[] => {
  const third = Math.floor(samples.length / 3);
  const middle = percentilesOf(samples.slice(third, 2 * third).map(({ rssMiB }) => rssMiB));
  const end = percentilesOf(samples.slice(2 * third).map(({ rssMiB }) => rssMiB));
  const lag = percentilesOf(samples.slice(third).map(({ lagSeconds }) => lagSeconds));
  const accepted = percentilesOf(latencies);
  return [
    {
      name: `resident memory over ${minutes} minutes at ${OFFERED} orders/s, median (most) of second and last third`,
      value: `${middle.p50.toFixed(0)} (${middle.max.toFixed(0)}) → ${end.p50.toFixed(0)} (${end.max.toFixed(0)}) MiB`,
      aim: 'flat',
      met: end.p50 <= middle.p50 * (1 + FLAT_MEDIAN) && end.max <= middle.max * (1 + FLAT_MOST),
      data: samples,
    },
    { name: 'lag of the read model meanwhile, most', value: `${lag.max.toFixed(1)} s`, aim: '≤ 1.0 s', met: lag.max <= 1, data: lag },
    figure('accepted meanwhile, latency p50 / p95 / p99, ms', shown(accepted), accepted),
  ];
};
