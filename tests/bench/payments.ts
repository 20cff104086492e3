import { completionTimes } from './event-times.ts';
import { aimedAbove, type Figure, figure } from './figures.ts';
import type { Generator, Sent } from './load.ts';
import { meter } from './meter.ts';
import { type Percentiles, percentilesOf, shown } from './percentiles.ts';
import { CONNECTIONS, type Site } from './site.ts';
import { closedLoop, type Run } from './throughput.ts';
import { ORDERS, PAYMENTS, type Work } from './work.ts';

/** Payments per order, at least, in the same run. */
const AIM_RATIO = 0.9;
/** Times that each flow is measured alone, taking turns: what else the machine does falls on both. */
const TURNS = 3;

/** Payments beside orders: each alone in turns, then both at once, neither knowing of the other. */
export const measurePayments = async (run: Run, count: number): Promise<readonly Figure[]> => {
  const { site } = run;
  await using payments = await site.generator('PAY', CONNECTIONS, PAYMENTS);
  let paid = 0;
  const pay = async (of: number) => {
    const stop = meter(site);
    await payments.closedLoop(of, CONNECTIONS);
    paid += of;
    await site.approved(paid);
    return stop();
  };
  const perTurn = Math.ceil(count / TURNS);
  await pay(Math.ceil(count / 2));
  let [ordersMs, paymentsMs, hubMs] = [0, 0, 0];
  let last = await pay(1);
  for (let turn = 0; turn < TURNS; turn += 1) {
    ordersMs += (await closedLoop(run, perTurn)).cost.wallMs;
    last = await pay(perTurn);
    paymentsMs += last.wallMs;
    hubMs += last.hubMs;
  }
  const orderRate = ((TURNS * perTurn) / ordersMs) * 1_000;
  const paymentRate = ((TURNS * perTurn) / paymentsMs) * 1_000;
  const both = await atOnce(run, payments, Math.ceil(count / 2), paid);
  return [
    figure('payments beside orders: completed orders/s, alone', orderRate.toFixed(0), orderRate),
    figure('payments beside orders: approved payments/s, alone', paymentRate.toFixed(0), paymentRate),
    aimedAbove('payments beside orders: payments/s per orders/s', paymentRate / orderRate, AIM_RATIO, '', 2),
    figure('payments: CPU per payment, hub', `${(hubMs / (TURNS * perTurn)).toFixed(2)} ms`, hubMs / (TURNS * perTurn)),
    figure('payments: cores that other processes took', last.othersCores.toFixed(2), last.othersCores),
    ...figuresOf('orders', both.orders, orderRate),
    ...figuresOf('payments', both.payments, paymentRate),
  ];
};

interface Side {
  readonly perSecond: number;
  readonly accepted: Percentiles;
  readonly ended: Percentiles;
}

/** Both flows at full speed, each over half of the connections. */
const atOnce = async (
  run: Run,
  payments: Generator,
  count: number,
  paidBefore: number,
): Promise<{ readonly orders: Side; readonly payments: Side }> => {
  const { site } = run;
  await using orders = await site.generator('BESIDE', CONNECTIONS);
  const from = new Date().toISOString();
  const [ofOrders, ofPayments] = await Promise.all([
    orders.closedLoop(count, CONNECTIONS / 2),
    payments.closedLoop(count, CONNECTIONS / 2),
  ]);
  run.stored += count;
  await site.completed(run.stored);
  await site.approved(paidBefore + count);
  return {
    orders: await sideOf(site, ofOrders, from, ORDERS),
    payments: await sideOf(site, ofPayments, from, PAYMENTS),
  };
};

/** The rate counts until the last of its own ended, as it does alone. */
const sideOf = async (site: Site, sent: readonly Sent[], from: string, work: Work): Promise<Side> => {
  const endedAtMs = await completionTimes(site.hub.client('auditor'), from, work);
  const ended = sent.map(({ name }) => endedAtMs.get(name) ?? Infinity);
  const firstMs = sent.reduce((first, { atMs }) => Math.min(first, atMs), Infinity);
  const lastMs = ended.reduce((last, atMs) => Math.max(last, atMs), 0);
  return {
    perSecond: (sent.length / (lastMs - firstMs)) * 1_000,
    accepted: percentilesOf(sent.map(({ latencyMs }) => latencyMs)),
    ended: percentilesOf(sent.map(({ atMs }, place) => ended[place]! - atMs)),
  };
};

const figuresOf = (flow: string, { perSecond, accepted, ended }: Side, aloneRate: number): readonly Figure[] => [
  figure(`both flows at once: ${flow}/s`, `${perSecond.toFixed(0)}, ${(perSecond / aloneRate).toFixed(2)} of alone`, perSecond),
  figure(`both flows at once: ${flow}, accepted, p50 / p95 / p99`, `${shown(accepted)} ms`, accepted),
  figure(`both flows at once: ${flow}, ended, p50 / p95 / p99`, `${shown(ended)} ms`, ended),
];
