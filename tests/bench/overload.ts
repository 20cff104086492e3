import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@sagahub/hub/harness/until.ts';
import { aimedBelow, type Figure, figure } from './figures.ts';
import type { Sent } from './load.ts';
import { type Percentiles, percentilesOf, shown } from './percentiles.ts';
import { Pressure, type Tally } from './pressure.ts';
import type { Profile } from './profile.ts';
import { type HubMemory, Site } from './site.ts';

/** Offered, as a multiple of what the hub accepts at most. */
export const OVERLOAD = 3;
/** Connections of the closed loop that finds out how much that is: more than the other loops have, so that commits are shared. */
export const MANY = 64;
/** Share of it that a hub is offered before and after, to see what is normal. */
const NORMAL_SHARE = 0.25;
const NORMAL_SECONDS = 10;
const LEAD_IN_SECONDS = 2;
/** Memory is looked at so often. */
const SAMPLE_EVERY_MS = 1_000;
/** Length of a piece whose p99 is compared with the normal one. */
const PIECE_MS = 500;
/** A p99 within this multiple of the normal one is normal. */
const NORMAL_AGAIN = 2;
/** What the log has long had, a read model that is behind shows later. */
const COUNTED_WITHIN_MS = 10 * 60_000;

/** What a hub did with more than it could take. */
export interface Overload {
  /** Accepted orders/s in a closed loop. */
  readonly capacity: number;
  readonly normalRate: number;
  readonly normal: Percentiles;
  readonly offered: number;
  readonly seconds: number;
  readonly during: Tally;
  readonly after: Tally;
  /** From the end of the overload until the p99 was normal again, and stayed so. */
  readonly recoveredMs: number;
  /** The same of the normal load before: how much of it is chance. */
  readonly calmedMs: number;
  readonly startRssMiB: number;
  /** One a second. */
  readonly rssMiB: readonly number[];
  /** Of each process at its end, where there is more than one. */
  readonly each: HubMemory['each'];
  /** Orders that got a 202 and are not in the log. */
  readonly lost: number;
}

export interface OverloadOptions {
  /** Of the closed loop that finds out what the hub can accept; an even number. */
  readonly orders: number;
  readonly seconds: number;
  /** Of normal load, before and after. */
  readonly normalSeconds?: number;
}

/** Offers three times of what the hub can accept. */
export const overload = async (
  profile: Profile,
  { orders, seconds, normalSeconds = NORMAL_SECONDS }: OverloadOptions,
  report: (text: string) => void,
): Promise<Overload> => {
  await using site = await Site.open(profile);
  await using closed = await site.generator('CAPACITY', MANY);
  await using pressure = new Pressure({ url: site.hub.url, token: await site.hub.client('demo').token() }, 'OVER');
  const capacity = await capacityOf(closed, orders);
  report(`${capacity.toFixed(0)} orders/s accepted at most`);
  await site.completed(orders * 1.5);

  const normalRate = Math.ceil(capacity * NORMAL_SHARE);
  const leadIn = await pressure.offer(normalRate, LEAD_IN_SECONDS);
  const before = await pressure.offer(normalRate, normalSeconds);
  const normal = latencyOf(before);
  report(`normal at ${normalRate}/s: ${shown(normal)} ms`);

  const offered = Math.ceil(capacity * OVERLOAD);
  const startRssMiB = site.hubMemory().rssMiB;
  const rssMiB: number[] = [];
  const offering = pressure.offer(offered, seconds);
  const ended = offering.then(() => true);
  while (!(await Promise.race([ended, sleep(SAMPLE_EVERY_MS, false)]))) rssMiB.push(site.hubMemory().rssMiB);
  const during = await offering;
  const { each } = site.hubMemory();
  report(`overloaded: ${during.acceptedPerSecond.toFixed(0)} accepted/s of ${offered}, ${shown(latencyOf(during))} ms`);
  const after = await pressure.offer(normalRate, normalSeconds);

  const accepted = [leadIn, before, during, after].reduce((sum, tally) => sum + tally.accepted.length, orders * 1.5);
  const stats = await until(
    `${accepted} orders in the log`,
    () => site.stats(),
    (now) => now.accepted >= accepted,
    COUNTED_WITHIN_MS,
  );
  const [calmedMs, recoveredMs] = [recoveryOf(before, normal.p99), recoveryOf(after, normal.p99)];
  const lost = accepted - stats.accepted;
  return { capacity, normalRate, normal, offered, seconds, during, after, recoveredMs, calmedMs, startRssMiB, rssMiB, each, lost };
};

/** Half as many warm up. */
export const capacityOf = async (
  closed: { closedLoop(count: number, connections: number): Promise<unknown> },
  orders: number,
): Promise<number> => {
  await closed.closedLoop(orders / 2, MANY);
  const startedMs = performance.now();
  await closed.closedLoop(orders, MANY);
  return (orders / (performance.now() - startedMs)) * 1_000;
};

export const latencyOf = ({ accepted }: { readonly accepted: readonly Sent[] }): Percentiles =>
  percentilesOf(accepted.map(({ latencyMs }) => latencyMs));

const recoveryOf = ({ accepted }: Tally, normalP99Ms: number): number => {
  const startMs = accepted[0]?.atMs ?? 0;
  const pieces = Map.groupBy(accepted, ({ atMs }) => Math.floor((atMs - startMs) / PIECE_MS));
  const slow = [...pieces].filter(([, sent]) => latencyOf({ accepted: sent }).p99 > NORMAL_AGAIN * normalP99Ms);
  return slow.length === 0 ? 0 : (Math.max(...slow.map(([piece]) => piece)) + 1) * PIECE_MS;
};

export const measureOverload = async (
  profile: Profile,
  orders: number,
  seconds: number,
  report: (text: string) => void,
): Promise<readonly Figure[]> => {
  const measured = await overload(profile, { orders, seconds }, report);
  const { capacity, normalRate, normal, offered, during, after, recoveredMs, calmedMs, startRssMiB, rssMiB, each, lost } = measured;
  const at = `at ${OVERLOAD}× for ${seconds} s`;
  const multiple = latencyOf(during).p99 / normal.p99;
  const mostRssMiB = Math.max(startRssMiB, ...rssMiB);
  return [
    figure('capacity: accepted orders/s in a closed loop', capacity.toFixed(0), capacity),
    figure(`at ${normalRate} orders/s: accepted, p50 / p95 / p99`, `${shown(normal)} ms`, normal),
    ...tallyFigures(at, offered, during),
    figure(`${at}: p99 of accepted, as a multiple of the normal one`, multiple.toFixed(1), multiple),
    figure(
      `${at}: resident memory at start / end / most`,
      `${startRssMiB.toFixed(0)} / ${(rssMiB.at(-1) ?? startRssMiB).toFixed(0)} / ${mostRssMiB.toFixed(0)} MiB`,
      rssMiB,
    ),
    ...each.map(({ name, rssMiB: own }) => figure(`${at}: resident memory at its end, ${name}`, `${own.toFixed(0)} MiB`, own)),
    figure('afterwards: until p99 is normal again, and stays so', `${(recoveredMs / 1_000).toFixed(1)} s`, recoveredMs),
    figure('the same of the normal load before: until its p99 stays normal', `${(calmedMs / 1_000).toFixed(1)} s`, calmedMs),
    figure('afterwards: accepted, p50 / p95 / p99', `${shown(latencyOf(after))} ms`, latencyOf(after)),
    figure('afterwards: refused', String(after.refusals), after.refusals),
    aimedBelow('accepted orders that are not in the log', lost, 0, ''),
  ];
};

export const tallyFigures = (at: string, offered: number, tally: Tally): readonly Figure[] => {
  const accepted = latencyOf(tally);
  const refused = percentilesOf(tally.refusedAfterMs);
  const each = [...tally.refused].map(([status, count]) => `${status || 'no answer'}: ${(count / tally.seconds).toFixed(0)}`);
  const late = percentilesOf(tally.latenessMs);
  return [
    figure(`${at}: offered / sent orders/s`, `${offered} / ${tally.reachedPerSecond.toFixed(0)}`, [offered, tally.reachedPerSecond]),
    figure(`${at}: generator late by, p50 / p95 / p99`, `${shown(late)} ms`, late),
    figure(`${at}: accepted orders/s`, tally.acceptedPerSecond.toFixed(0), tally.acceptedPerSecond),
    figure(`${at}: refused/s, by status`, each.join(', ') || 'none', Object.fromEntries(tally.refused)),
    figure(`${at}: refused without Retry-After`, String(tally.withoutRetryAfter), tally.withoutRetryAfter),
    figure(`${at}: accepted, p50 / p95 / p99 (most)`, `${shown(accepted)} (${accepted.max.toFixed(0)}) ms`, accepted),
    figure(`${at}: refused after, p50 / p95 / p99`, `${shown(refused)} ms`, refused),
  ];
};
