import type { ApiClient } from '../support/api-client.ts';
import { until } from '../support/until.ts';
import { completionTimes } from './event-times.ts';
import { aimedP99, type Figure, figure } from './figures.ts';
import { nowMs } from './load.ts';
import { meter } from './meter.ts';
import { percentilesOf } from './percentiles.ts';
import type { Run } from './throughput.ts';

/** Orders offered a second, whether the hub keeps up or not. */
export const OFFERED = 500;
const AT = `at ${OFFERED} orders/s`;
/** Plenty, so that no order waits for a connection. */
const OPEN_LOOP_CONNECTIONS = 256;
/** One order in this many is looked for in the read model. */
const SAMPLE = 20;

/** Latencies at a steady 500 orders a second, counted from the time at which an order should have been sent. */
export const measureLatency = async (run: Run, seconds: number): Promise<readonly Figure[]> => {
  const { site } = run;
  await using generator = await site.generator('STEADY', OPEN_LOOP_CONNECTIONS);
  const demo = site.hub.client('demo');
  const leadIn = await generator.openLoop(OFFERED, 1);
  const from = new Date().toISOString();
  const stop = meter(site.hub.pid, site.erpPid);
  const listing: Promise<number>[] = [];
  const sent = await generator.openLoop(OFFERED, seconds, ({ orderNumber }) => {
    if (Number(orderNumber.split('-')[1]) % SAMPLE === 0) listing.push(timeUntilListed(demo, orderNumber));
  });
  run.stored += leadIn.length + sent.length;
  await site.completed(run.stored);
  const cost = stop();
  const completedAtMs = await completionTimes(site.hub.client('auditor'), from);
  const endToEnd = sent.map(({ orderNumber, atMs }) => (completedAtMs.get(orderNumber) ?? Infinity) - atMs);
  const msPerOrder = cost.hubMs / sent.length;
  return [
    aimedP99(`${AT}: accepted, p50 / p95 / p99`, percentilesOf(sent.map(({ latencyMs }) => latencyMs)), 50),
    aimedP99(`${AT}: completed, p50 / p95 / p99`, percentilesOf(endToEnd), 500),
    aimedP99(`${AT}: listed after the 202, p50 / p95 / p99`, percentilesOf(await Promise.all(listing)), 1_000),
    figure(`${AT}: CPU per order, hub`, `${msPerOrder.toFixed(2)} ms`, msPerOrder),
    figure(`${AT}: cores that other processes took`, cost.othersCores.toFixed(2), cost.othersCores),
  ];
};

/** The list is read from the read model alone; a single order would be folded from the log. */
const timeUntilListed = async (client: ApiClient, orderNumber: string): Promise<number> => {
  const startedMs = nowMs();
  await until(
    `${orderNumber} in the list`,
    () => client.get(`/api/v1/orders?orderNumber=${orderNumber}`),
    ({ body }) => body.items.length > 0,
  );
  return nowMs() - startedMs;
};
