import { cpuFigures } from './cpu-figures.ts';
import { aimedAbove, type Figure, figure } from './figures.ts';
import type { Generator } from './load.ts';
import { type Cost, meter } from './meter.ts';
import { percentilesOf, shown } from './percentiles.ts';
import { CONNECTIONS, type Site } from './site.ts';
import { Yardstick } from './yardstick.ts';

/** Orders between two looks at what an order costs, on the way to a million. */
const BLOCK = 10_000;

/** One hub under load, and how many orders it has taken so far. */
export interface Run {
  readonly site: Site;
  readonly generator: Generator;
  stored: number;
}

/** Sends orders over 32 connections, each its next one when the last one was accepted, until all of them completed. */
export const closedLoop = async (run: Run, orders: number): Promise<{ readonly cost: Cost; readonly latencies: readonly number[] }> => {
  const stop = meter(run.site);
  const sent = await run.generator.closedLoop(orders, CONNECTIONS);
  run.stored += orders;
  await run.site.completed(run.stored);
  return { cost: stop(), latencies: sent.map(({ latencyMs }) => latencyMs) };
};

export const measureThroughput = async (run: Run, orders: number): Promise<readonly Figure[]> => {
  const yard = Math.ceil(orders / 4);
  await using bare = await Yardstick.start(yard);
  await bare.measure(yard);
  const { cost, latencies } = await closedLoop(run, orders);
  await bare.measure(yard);
  const completedPerSecond = (orders / cost.wallMs) * 1_000;
  const percentiles = percentilesOf(latencies);
  const { completedPerSecond: aim, completedFloor, hubCpuMsPerOrder } = run.site.profile.aims;
  return [
    aimedAbove(`closed loop: completed orders/s (floor ${completedFloor})`, completedPerSecond, aim, ''),
    figure('bare Express before and after it: orders/s', bare.perSecond.toFixed(0), bare.perSecond),
    figure(
      'closed loop: as a share of bare Express',
      (completedPerSecond / bare.perSecond).toFixed(3),
      completedPerSecond / bare.perSecond,
    ),
    figure('closed loop: accepted, p50 / p95 / p99', `${shown(percentiles)} ms`, percentiles),
    ...cpuFigures('closed loop', cost, orders, hubCpuMsPerOrder),
  ];
};

/** Goes on until so many orders are stored and shows what the last ones cost. */
export const measureGrowth = async (run: Run, target: number, report: (text: string) => void): Promise<readonly Figure[]> => {
  let msPerOrder = 0;
  while (run.stored < target) {
    const { cost } = await closedLoop(run, BLOCK);
    msPerOrder = cost.hubMs / BLOCK;
    if (run.stored % 50_000 < BLOCK) report(`${run.stored.toLocaleString('en')} stored, ${msPerOrder.toFixed(2)} ms of CPU per order`);
  }
  return [
    figure(`closed loop: CPU per order, hub, at ${run.stored.toLocaleString('en')} stored`, `${msPerOrder.toFixed(2)} ms`, msPerOrder),
  ];
};
