import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import type { ErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { Webhook } from 'standardwebhooks';
import type { ReceivedWebhook, WebhookReceiver } from '../support/webhook-receiver.ts';
import { completedOf, type Evidence, type LoggedEvent } from './invariants.ts';
import type { Witness } from './witness.ts';

/** A hub as everybody outside sees it. */
export interface HubFromOutside {
  readonly managementUrl: string;
  readonly erp: ErpSimulator;
  readonly demo: ApiClient;
  readonly operator: ApiClient;
  readonly auditor: ApiClient;
  /** Another partner, whose orders have numbers of the first one's. Absent: there is none. */
  readonly stranger?: Stranger | undefined;
  /** Subscribed to `order.completed`, and takes every message. Absent: nobody did. */
  readonly subscriber?: Subscriber | undefined;
}

export interface Stranger {
  readonly partner: ApiClient;
  readonly witness: Witness;
}

export interface Subscriber {
  readonly receiver: WebhookReceiver;
  /** `whsec_…`, of its subscription. */
  readonly secret: string;
}

/** Counting costs the stores what they need to come to rest. */
const LOOK_EVERY_MS = 200;
/** Who {@link HubFromOutside.demo} is for, and {@link HubFromOutside.stranger}. */
export const SUBSCRIBED_PARTNER = 'demo';
export const STRANGER = 'globex';
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
  const witnesses = [witness, ...(hub.stranger ? [hub.stranger.witness] : [])];
  await bringToRest(hub, restLimitMs);
  await catchUp(
    hub,
    witnesses.reduce((sum, { accepted }) => sum + accepted.size, 0),
    restLimitMs,
  );
  const log = await settledLog(hub);
  return {
    accepted: witnesses.flatMap(({ accepted }) => [...accepted.values()]),
    complaints: witnesses.flatMap(({ complaints }) => [...complaints]),
    log,
    told: hub.subscriber && (await toldTo(hub.subscriber, log)),
    ledger: [...hub.erp.ledger.effects()],
    stock: (await hub.operator.get('/api/v1/admin/inventory?limit=500')).body.items,
    discounts: (await hub.operator.get('/api/v1/admin/discounts?limit=500')).body.items,
    lists: await listsOf(hub),
    stats: await statsOf(hub),
    openWork: await openWorkOf(hub),
    ...(await selfChecks(hub)),
  };
};

/** By signed messages. Waits a while for what is missing. What still is, is left to the promises. */
const toldTo = async ({ receiver, secret }: Subscriber, log: readonly LoggedEvent[]): Promise<ReadonlySet<string>> => {
  const completed = completedOf(log, SUBSCRIBED_PARTNER);
  const signed = new Webhook(secret);
  const told = (): ReadonlySet<string> =>
    new Set(
      receiver
        .at(TOLD)
        .filter((message) => isSigned(signed, message))
        .map(({ body }) => body.data.orderId as string),
    );
  for (const giveUpAtMs = performance.now() + TOLD_LIMIT_MS; performance.now() < giveUpAtMs; await sleep(250)) {
    const known = told();
    if (completed.every((orderId) => known.has(orderId))) break;
  }
  return told();
};

/** Whatever its time: some were sent by a process whose clock was set. */
const isSigned = (webhook: Webhook, { headers, text }: ReceivedWebhook): boolean => {
  const atMs = Number(headers['webhook-timestamp']) * 1_000;
  const signature = webhook.sign(headers['webhook-id'] ?? '', new Date(atMs), text);
  return (headers['webhook-signature'] ?? '').split(' ').includes(signature);
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
      const isOver = stats.inFlight === 0 && stats.stuck === 0;
      return { ...stats, openWork: isOver ? await openWorkOf(hub) : undefined }; // which all processes are asked for, and count
    },
    ({ openWork }) => openWork === 0,
    limitMs,
  );
};

/**
 * A read model that is folded anew, since it was lost, looks at rest on its way. Waits until it shows as much as was accepted, and all that the log has; what
 * it never does, is left to the promises.
 */
const catchUp = async ({ managementUrl, operator }: HubFromOutside, accepted: number, limitMs: number): Promise<void> => {
  for (const giveUpAtMs = performance.now() + limitMs; performance.now() < giveUpAtMs; await sleep(LOOK_EVERY_MS)) {
    const { body } = await operator.get(PROJECTIONS);
    const isBehind = body.items?.some(({ lagEvents }: { lagEvents: number }) => lagEvents > 0) ?? true;
    if (!isBehind && (await statsOf({ managementUrl })).accepted >= accepted) return;
  }
};

const REDRIVES = '/api/v1/admin/redrives';
const PROJECTIONS = '/api/v1/admin/projections';
const HOLDS_DRIFT = '/api/v1/admin/holds/drift';

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

const listsOf = async ({ demo, stranger }: HubFromOutside): Promise<Evidence['lists']> =>
  new Map([
    [SUBSCRIBED_PARTNER, await listedOrders(demo)],
    ...(stranger ? [[STRANGER, await listedOrders(stranger.partner)] as const] : []),
  ]);

const listedOrders = async (partner: ApiClient): Promise<ReadonlyMap<string, string>> => {
  const orders = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const { body } = await partner.get(`/api/v1/orders?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    for (const order of body.items) orders.set(order.orderId, order.status);
    cursor = body.next;
  } while (cursor);
  return orders;
};

/** What the hub finds when it examines itself: the chain of every stream, and all documents, stock and discounts against a fold of the log. */
const selfChecks = async ({ operator }: HubFromOutside): Promise<Pick<Evidence, 'verification' | 'drift'>> => {
  const verified = await operator.post('/api/v1/admin/audit/verify');
  const { body: projections } = await operator.get(PROJECTIONS);
  const { body: offered } = await operator.get('/openapi.json'); // an earlier release compares less
  const paths = [
    ...projections.items.map(({ name }: { name: string }) => `${PROJECTIONS}/${name}/drift`),
    ...(HOLDS_DRIFT in offered.paths ? [HOLDS_DRIFT] : []),
  ];
  const drift: string[] = [];
  for (const path of paths) {
    const { status, body, text } = await operator.post(path);
    if (status !== 200 || body.differences?.length !== 0) drift.push(`${path}: ${status} ${text.slice(0, 500)}`);
  }
  return { verification: verified.body.intact === true ? 'intact' : `${verified.status} ${verified.text}`, drift };
};
