import { type Figure, aimedAbove, figure } from './figures.ts';
import { type Cost, meter } from './meter.ts';
import { percentilesOf, shown } from './percentiles.ts';
import type { Profile } from './profile.ts';
import { CONNECTIONS, Site } from './site.ts';
import { Yardstick } from './yardstick.ts';

/** Times that each of the two is measured, taking turns: what else the machine does falls on both. */
const TURNS = 3;

/** How many orders a second are accepted when nothing else is done with them, next to Express that only parses and answers. */
export const measureAccepting = async (profile: Profile, orders: number): Promise<readonly Figure[]> => {
  const warmUp = Math.ceil(orders / 2);
  await using bare = await Yardstick.start(warmUp);
  await using site = await Site.open(profile, { HUB_WORKERS: 'false' });
  await using generator = await site.generator('ACCEPT');
  await generator.closedLoop(warmUp, CONNECTIONS);

  const perTurn = Math.ceil(orders / TURNS);
  let seconds = 0;
  const latencies: number[] = [];
  const costs: Cost[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    await bare.measure(perTurn);
    const stop = meter(site);
    const sent = await generator.closedLoop(perTurn, CONNECTIONS);
    const cost = stop();
    costs.push(cost);
    seconds += cost.wallMs / 1_000;
    latencies.push(...sent.map(({ latencyMs }) => latencyMs));
  }
  const perSecond = (TURNS * perTurn) / seconds;
  const percentiles = percentilesOf(latencies);
  const { acceptedPerSecond, acceptedShareOfBare } = profile.aims;
  const cpu = (name: string, of: (cost: Cost) => number) => {
    const msPerOrder = costs.reduce((sum, cost) => sum + of(cost), 0) / (TURNS * perTurn);
    return figure(`accepting only: CPU per order, ${name}`, `${msPerOrder.toFixed(2)} ms`, msPerOrder);
  };
  return [
    figure('bare Express: orders/s', bare.perSecond.toFixed(0), bare.perSecond),
    aimedAbove('accepting only: orders/s', perSecond, acceptedPerSecond, ''),
    aimedAbove('accepting only: as a share of bare Express', perSecond / bare.perSecond, acceptedShareOfBare, '', 2),
    figure('accepting only: p50 / p95 / p99', `${shown(percentiles)} ms`, percentiles),
    cpu('hub', ({ hubMs }) => hubMs),
    ...(site.parts.length > 1 ? [cpu('engines', ({ enginesMs }) => enginesMs)] : []),
  ];
};
