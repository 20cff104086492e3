import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import type { ErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import type { Evidence, LoggedEvent } from './invariants.ts';
import type { WebhookReceiver } from '../support/webhook-receiver.ts';
import type { Witness } from './witness.ts';

/** A hub as everybody outside sees it. */
export interface HubFromOutside {
  readonly managementUrl: string;
  readonly erp: ErpSimulator;
  readonly demo: ApiClient;
  readonly operator: ApiClient;
  readonly auditor: ApiClient;
  /** Subscribed to `order.completed`, and takes every message. Absent: nobody did. */
  readonly subscriber?: WebhookReceiver | undefined;
}

/** Counting costs the stores what they need to come to rest. */
const LOOK_EVERY_MS = 200;
/** Where {@link HubFromOutside.subscriber} is told. */
export const TOLD = '/told';
/** Longest wait for messages of what has come to its end. */
const TOLD_LIMIT_MS = 60_000;

/** Longest wait for a hub whose ERP is well again to bring everything to an end. */
const REST_LIMIT_MS = 90_000;

/**
 * Waits until nothing is in flight, closing the breaker and sending dead letters on their way again as an operator would, and then asks
 * every part of the hub what it knows.
 */
export const gatherEvidence = async (hub: HubFromOutside, witness: Witness, restLimitMs = REST_LIMIT_MS): Promise<Evidence> => {
  await bringToRest(hub, restLimitMs);
  const log = await settledLog(hub);
  return {
    accepted: [...witness.accepted.values()],
    complaints: [...witness.complaints],
    log,
    told: hub.subscriber && (await toldTo(hub.subscriber, log)),
    ledger: [...hub.erp.ledger.effects()],
    stock: (await hub.operator.get('/api/v1/admin/inventory?limit=500')).body.items,
    discounts: (await hub.operator.get('/api/v1/admin/discounts?limit=500')).body.items,
    readModel: await listedOrders(hub),
    stats: await statsOf(hub),
    openWork: await openWorkOf(hub),
    ...(await selfChecks(hub)),
  };
};

/** Waits a while for what is missing. What still is, is left to the promises. */
const toldTo = async (subscriber: WebhookReceiver, log: readonly LoggedEvent[]): Promise<ReadonlySet<string>> => {
  const completed = log.filter(({ type }) => type === 'OrderCompleted').map(({ stream }) => stream.slice('order-'.length));
  const told = (): ReadonlySet<string> => new Set(subscriber.at(TOLD).map(({ body }) => body.data.orderId as string));
  for (const giveUpAtMs = performance.now() + TOLD_LIMIT_MS; performance.now() < giveUpAtMs; await sleep(250)) {
    const known = told();
    if (completed.every((orderId) => known.has(orderId))) break;
  }
  return told();
};

export const statsOf = async (hub: Pick<HubFromOutside, 'managementUrl'>): Promise<Evidence['stats']> =>
  (await (await fetch(`${hub.managementUrl}/stats`)).json()) as Evidence['stats'];

const openWorkOf = async (hub: HubFromOutside): Promise<number> => {
  const metrics = await (await fetch(`${hub.managementUrl}/metrics`)).text();
  if (!metrics.includes('hub_open_work{')) throw new Error('nobody says how much open work there is');
  return [...metrics.matchAll(/^hub_open_work\{[^}]*\} (\d+)/gm)].reduce((sum, [, rows]) => sum + Number(rows), 0);
};

export const bringToRest = async (hub: HubFromOutside, limitMs = REST_LIMIT_MS): Promise<void> => {
  const reason = 'the fault is over';
  await hub.operator.post('/api/v1/admin/breakers/erp/close', { reason });
  await until(
    'every order coming to its end',
    async () => {
      await sleep(LOOK_EVERY_MS);
      const stats = await statsOf(hub);
      if (stats.stuck > 0) await redriveAll(hub, reason);
      return { ...stats, openWork: await openWorkOf(hub) };
    },
    ({ inFlight, stuck, openWork }) => inFlight === 0 && stuck === 0 && openWork === 0,
    limitMs,
  );
};

const REDRIVES = '/api/v1/admin/redrives';

/** One job over whatever is open, to its end: what gets stuck again meanwhile is for the next. */
export const redriveAll = async ({ operator }: Pick<HubFromOutside, 'operator'>, reason: string): Promise<void> => {
  const { status, body: job, text } = await operator.post(REDRIVES, { filter: {}, reason });
  if (status !== 202) throw new Error(`a redrive was answered ${status}: ${text}`);
  await until(
    'the redrive being finished',
    () => operator.get(`${REDRIVES}/${job.redriveId}`),
    ({ body }) => body.status === 'finished',
  );
};

/** A load that a fault cut short is made up for by the hub itself, nobody repeating it: at its next start, or when it can write again. */
const LOADS_LIMIT_MS = 30_000;

/** The whole log, once every load in it is settled. Those that never are, are left to the promises. */
const settledLog = async (hub: HubFromOutside): Promise<LoggedEvent[]> => {
  const giveUpAtMs = performance.now() + LOADS_LIMIT_MS;
  for (;;) {
    const log = await wholeLog(hub);
    const count = (wanted: string) => log.filter(({ type }) => type === wanted).length;
    if (count('StockLevelSet') === count('StockLevelApplied') || performance.now() > giveUpAtMs) return log;
    await sleep(250);
  }
};

const wholeLog = async (hub: HubFromOutside): Promise<LoggedEvent[]> =>
  linesOf((await hub.auditor.get('/api/v1/events')).text) as LoggedEvent[];

const linesOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

const listedOrders = async (hub: HubFromOutside): Promise<Map<string, string>> => {
  const orders = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const { body } = await hub.demo.get(`/api/v1/orders?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    for (const order of body.items) orders.set(order.orderId, order.status);
    cursor = body.next;
  } while (cursor);
  return orders;
};

/** What the hub finds when it examines itself: the chain of every stream, and documents against a fold of the log. */
const selfChecks = async (hub: HubFromOutside): Promise<Pick<Evidence, 'verification' | 'drift'>> => {
  const verified = await hub.operator.post('/api/v1/admin/audit/verify');
  const drift = await hub.operator.post('/api/v1/admin/projections/orders/drift');
  return {
    verification: verified.body.intact === true ? 'intact' : `${verified.status} ${verified.text}`,
    drift: drift.status === 200 && drift.body.differences?.length === 0 ? 'none' : `${drift.status} ${drift.text.slice(0, 500)}`,
  };
};
