import { statfs } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { Metrics } from './metrics.ts';

const NS_PER_S = 1e9;
const US_PER_S = 1e6;
/** How often the delay is sampled. It is also the least that is ever measured, and is taken off again. */
const RESOLUTION_MS = 20;

/** Event loop, CPU, memory, and the room left for `dataDir`. */
export const observeProcess = (metrics: Metrics, dataDir: string | undefined): Disposable => {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.gauge(METRICS.eventLoopDelay.name, () => {
    const observed = delay.count === 0 ? [0, 0, 0] : [delay.percentile(50), delay.percentile(99), delay.max].map(delaySeconds);
    delay.reset();
    return observed.map((value, index) => [value, { quantile: ['0.5', '0.99', '1'][index] }] as const);
  });
  let last = performance.eventLoopUtilization();
  metrics.gauge(METRICS.eventLoopUtilization.name, () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return [[utilization]];
  });
  metrics.observeTotal(METRICS.processCpu.name, () => {
    const { user, system } = process.cpuUsage();
    return [
      [user / US_PER_S, { 'cpu.mode': 'user' }],
      [system / US_PER_S, { 'cpu.mode': 'system' }],
    ];
  });
  metrics.gauge(METRICS.processMemory.name, () => [[process.memoryUsage.rss()]]);
  metrics.gauge(METRICS.heapUsed.name, () => [[process.memoryUsage().heapUsed]]);
  metrics.gauge(METRICS.processUptime.name, () => [[process.uptime()]]);
  if (dataDir) {
    metrics.gauge(METRICS.diskFree.name, async () => {
      const { bavail, bsize } = await statfs(dataDir);
      return [[bavail * bsize]];
    });
  }
  return { [Symbol.dispose]: () => delay.disable() };
};

const delaySeconds = (nanoseconds: number): number => Math.max(0, nanoseconds / NS_PER_S - RESOLUTION_MS / 1_000);
