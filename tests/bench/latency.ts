import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { cpuFigures } from './cpu-figures.ts';
import { completionTimes } from './event-times.ts';
import { aimedP99, type Figure } from './figures.ts';
import { nowMs } from './load.ts';
import { meter } from './meter.ts';
import { percentilesOf } from './percentiles.ts';
import type { Run } from './throughput.ts';

/** Plenty, so that no order waits for a connection. */
const OPEN_LOOP_CONNECTIONS = 256;
/** One order in this many is looked for in the read model. */
const SAMPLE = 20;

/** Latencies at a steady rate, whether the hub keeps up or not, counted from the time at which an order should have been sent. */
export const measureLatency = async (run: Run, seconds: number): Promise<readonly Figure[]> => {
  const { site } = run;
  const { offered, acceptedP99Ms, completedP99Ms, listedP99Ms } = site.profile.aims;
  const at = `at ${offered} orders/s`;
  await using generator = await site.generator('STEADY', OPEN_LOOP_CONNECTIONS);
  const demo = site.hub.client('demo');
  const leadIn = await generator.openLoop(offered, 1);
  const from = new Date().toISOString();
  const stop = meter(site);
  const listing: Promise<number>[] = [];
  const sent = await generator.openLoop(offered, seconds, ({ name }) => {
    const looksForIt = listedP99Ms !== undefined && Number(name.split('-')[1]) % SAMPLE === 0;
    if (looksForIt) listing.push(timeUntilListed(demo, name));
  });
  run.stored += leadIn.length + sent.length;
  await site.completed(run.stored);
  const cost = stop();
  const completedAtMs = await completionTimes(site.hub.client('auditor'), from);
  const endToEnd = sent.map(({ name, atMs }) => (completedAtMs.get(name) ?? Infinity) - atMs);
  return [
    aimedP99(`${at}: accepted, p50 / p95 / p99`, percentilesOf(sent.map(({ latencyMs }) => latencyMs)), acceptedP99Ms),
    aimedP99(`${at}: completed, p50 / p95 / p99`, percentilesOf(endToEnd), completedP99Ms),
    ...(listing.length > 0
      ? [aimedP99(`${at}: listed after the 202, p50 / p95 / p99`, percentilesOf(await Promise.all(listing)), listedP99Ms)]
      : []),
    ...cpuFigures(at, cost, sent.length),
  ];
};

/** The list is read from the read model alone; a single order would be folded from the log. */
const timeUntilListed = async (client: ApiClient, orderNumber: string): Promise<number> => {
  const startedMs = nowMs();
  await until(
    `${orderNumber} in the list`,
    () => client.get(`/api/v1/orders?orderNumber=${orderNumber}`),
    ({ status, text, body }) => {
      if (status !== 200) throw new Error(`the list was answered ${status}: ${text}`);
      return body.items.length > 0;
    },
  );
  return nowMs() - startedMs;
};
