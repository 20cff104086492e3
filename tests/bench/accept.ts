import { type Figure, aimedAbove, figure } from './figures.ts';
import { Generator } from './load.ts';
import { type Cost, meter } from './meter.ts';
import { NodeProcess } from './node-process.ts';
import { percentilesOf, shown } from './percentiles.ts';
import type { Profile } from './profile.ts';
import { CONNECTIONS, Site } from './site.ts';

/** Times that each of the two is measured, taking turns: what else the machine does falls on both. */
const TURNS = 3;

/** How many orders a second are accepted when nothing else is done with them, next to Express that only parses and answers. */
export const measureAccepting = async (profile: Profile, orders: number): Promise<readonly Figure[]> => {
  await using bare = await NodeProcess.start<{ url: string }>(new URL('./bare-express.ts', import.meta.url));
  await using site = await Site.open(profile, { HUB_WORKERS: 'false' });
  const subjects = {
    bare: new Generator({ url: bare.ready.url, token: await site.hub.client('demo').token() }, 'ACCEPT', CONNECTIONS),
    hub: await site.generator('ACCEPT'),
  };
  const rateOf = async (generator: Generator, count: number) => {
    const startedMs = performance.now();
    const sent = await generator.closedLoop(count, CONNECTIONS);
    return { seconds: (performance.now() - startedMs) / 1_000, latencies: sent.map(({ latencyMs }) => latencyMs) };
  };
  for (const generator of Object.values(subjects)) await generator.closedLoop(Math.ceil(orders / 2), CONNECTIONS);

  const perTurn = Math.ceil(orders / TURNS);
  const total = { bare: 0, hub: 0 };
  const latencies: number[] = [];
  const costs: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    total.bare += (await rateOf(subjects.bare, perTurn)).seconds;
    const stop = meter(site);
    const accepted = await rateOf(subjects.hub, perTurn);
    costs.push(stop());
    total.hub += accepted.seconds;
    latencies.push(...accepted.latencies);
  }
  for (const generator of Object.values(subjects)) await generator[Symbol.asyncDispose]();
  const perSecond = { bare: (TURNS * perTurn) / total.bare, hub: (TURNS * perTurn) / total.hub };
  const percentiles = percentilesOf(latencies);
  const { acceptedPerSecond, acceptedShareOfBare } = profile.aims;
  const cpu = (name: string, of: (cost: Cost) => number) => {
    const msPerOrder = costs.reduce((sum, cost) => sum + of(cost), 0) / (TURNS * perTurn);
    return figure(`accepting only: CPU per order, ${name}`, `${msPerOrder.toFixed(2)} ms`, msPerOrder);
  };
  return [
    figure('bare Express: orders/s', perSecond.bare.toFixed(0), perSecond.bare),
    aimedAbove('accepting only: orders/s', perSecond.hub, acceptedPerSecond, ''),
    aimedAbove('accepting only: as a share of bare Express', perSecond.hub / perSecond.bare, acceptedShareOfBare, '', 2),
    figure('accepting only: p50 / p95 / p99', `${shown(percentiles)} ms`, percentiles),
    cpu('hub', ({ hubMs }) => hubMs),
    ...(site.parts.length > 1 ? [cpu('engines', ({ enginesMs }) => enginesMs)] : []),
  ];
};
