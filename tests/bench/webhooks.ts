import { until } from '@sagahub/hub/harness/until.ts';
import { aimedAbove, aimedP99, type Figure, figure } from './figures.ts';
import { meter } from './meter.ts';
import { NodeProcess } from './node-process.ts';
import { percentilesOf } from './percentiles.ts';
import type { Profile } from './profile.ts';
import { CONNECTIONS, Site } from './site.ts';

const RECEIVER = new URL('./webhook-receiver.ts', import.meta.url);
/** What happens to an order that goes well, as far as subscribers are told. */
const TYPES = ['order.received', 'order.processing', 'order.completed'];
const AIM_PER_SECOND = 1_000;
const AIM_P99_MS = 1_000;
/** Told of a second, while orders come in. */
const EVENTS_PER_SECOND = 300;
const LIMIT_MS = 10 * 60_000;
/** The receiver is on this machine. */
const LOCAL = { HUB_WEBHOOK_ALLOW_HTTP: 'true', HUB_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' };

interface Taken {
  readonly taken: number;
  readonly different: number;
  readonly delaysMs: readonly number[];
}

/** Messages to one endpoint in a process of its own: as many as there are, and at a steady rate. */
export const measureWebhooks = async (profile: Profile, orders: number): Promise<readonly Figure[]> => {
  await using site = await Site.open(profile, LOCAL);
  await using receiver = await NodeProcess.start<{ url: string }>(RECEIVER);
  const { url } = receiver.ready;
  const taken = async (): Promise<Taken> => (await (await fetch(url)).json()) as Taken;
  const all = (count: number) => until(`${count} messages`, taken, (now) => now.different >= count, LIMIT_MS);
  await using generator = await site.generator('HOOKS');
  const demo = site.hub.client('demo');

  const since = new Date().toISOString();
  await generator.closedLoop(orders, CONNECTIONS);
  await site.completed(orders);
  const { body: subscription } = await demo.post('/api/v1/webhooks', { url, types: TYPES });
  const messages = orders * TYPES.length;
  const stop = meter(site);
  await demo.post(`/api/v1/webhooks/${subscription.subscriptionId}/recover`, { since });
  const backlog = await all(messages);
  const cost = stop();

  await fetch(url, { method: 'DELETE' });
  const seconds = Math.max(1, Math.min(20, Math.round(orders / 500)));
  await using steady = await site.generator('STEADY-HOOKS', CONNECTIONS);
  const sent = await steady.openLoop(EVENTS_PER_SECOND / TYPES.length, seconds);
  const { delaysMs } = await all(sent.length * TYPES.length);
  return [
    aimedAbove('webhooks: messages/s, signed, to one endpoint', (messages / cost.wallMs) * 1_000, AIM_PER_SECOND, ''),
    figure('webhooks: CPU per message, hub', `${(cost.hubMs / messages).toFixed(2)} ms`, cost.hubMs / messages),
    figure('webhooks: sent more than once', String(backlog.taken - backlog.different), backlog.taken - backlog.different),
    figure('webhooks: cores that other processes took', cost.othersCores.toFixed(2), cost.othersCores),
    aimedP99(`webhooks: from event to endpoint at ${EVENTS_PER_SECOND} events/s, p50 / p95 / p99`, percentilesOf(delaysMs), AIM_P99_MS),
  ];
};
