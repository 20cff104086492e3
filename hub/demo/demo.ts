import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import Table from 'cli-table3';
import type { Answer, ApiClient } from '../harness/api-client.ts';
import { HubProcess } from '../harness/hub-process.ts';
import { anOrder } from '../harness/orders.ts';
import { until } from '../harness/until.ts';
import { exportHistory, tamperedCopy, verifyFile } from './history.ts';
import type { Narrator } from './narrator.ts';

const HAPPY_ORDERS = 200;
const OUTAGE_ORDERS = 40;
const REFUSED_SKU = 'SKU-DISCONTINUED';
/** A breaker that tries again sooner than it would in operation, for an audience. */
const TIMINGS = { HUB_BREAKER_OPEN: '2s', HUB_ERP_TIMEOUT: '2s' };

interface Stats {
  readonly accepted: number;
  readonly completed: number;
  readonly rejected: number;
  readonly inFlight: number;
}

/** Shows what the hub is for, on a folder of its own: everything that is claimed is looked up first. */
export const runDemo = async (narrator: Narrator): Promise<void> => {
  narrator.chapter('A hub, and an ERP to deliver to');
  await using hub = await HubProcess.start({ env: TIMINGS });
  narrator.say(`The hub runs at ${hub.url}, the simulated ERP at ${hub.erp.url}.`);
  const demo = hub.client('demo');
  await stockUp(hub);
  await ordersFlow(narrator, hub, demo);
  const waited = await erpGoesAway(narrator, hub, demo);
  await refusedOrder(narrator, hub, demo);
  await oneStory(narrator, demo, waited);
  await history(narrator, hub, waited);
  await closingTable(narrator, hub);
};

const statsOf = async (hub: HubProcess): Promise<Stats> => (await (await fetch(`${hub.managementUrl}/stats`)).json()) as Stats;
const atRest = (hub: HubProcess, accepted: number): Promise<Stats> =>
  until(
    'all orders coming to their end',
    () => statsOf(hub),
    (stats) => stats.accepted === accepted && stats.inFlight === 0,
    60_000,
  );
const place = async (client: ApiClient, order: object): Promise<Answer> => client.post('/api/v1/orders', order);
const orderOf = async (client: ApiClient, orderId: string): Promise<any> => (await client.get(`/api/v1/orders/${orderId}`)).body;

const stockUp = async (hub: HubProcess): Promise<void> => {
  const items = ['SKU-00042', 'SKU-00043', 'SKU-00044', REFUSED_SKU].map((sku) => ({ sku, available: '100000' }));
  await hub.client('operator').put('/api/v1/admin/inventory', { items });
};
const freeStock = async (hub: HubProcess, sku: string): Promise<string> =>
  (await hub.client('operator').get(`/api/v1/admin/inventory/${sku}`)).body.free;

const ordersFlow = async (narrator: Narrator, hub: HubProcess, demo: ApiClient): Promise<void> => {
  narrator.chapter(`1. ${HAPPY_ORDERS} orders flow`);
  const startedAtMs = performance.now();
  const answers = await Promise.all(Array.from({ length: HAPPY_ORDERS }, (_, n) => place(demo, anOrder(`DEMO-${n}`))));
  narrator.claim(
    `${HAPPY_ORDERS} were answered 202: on disk before the answer`,
    answers.every(({ status }) => status === 202),
  );
  const again = await place(demo, anOrder('DEMO-0'));
  narrator.claim(
    'one of them, sent again, got the same bytes back and made no second order',
    again.text === answers[0]!.text && again.headers.get('idempotent-replayed') === 'true',
    again.text,
  );
  const stats = await atRest(hub, HAPPY_ORDERS);
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  narrator.claim(`all ${HAPPY_ORDERS} are completed, ${seconds} s after the first was sent`, stats.completed === HAPPY_ORDERS, stats);
};

const erpGoesAway = async (narrator: Narrator, hub: HubProcess, demo: ApiClient): Promise<string> => {
  narrator.chapter('2. The ERP goes away');
  await hub.erp.behave({ outage: 'unavailable' });
  const answers = await Promise.all(Array.from({ length: OUTAGE_ORDERS }, (_, n) => place(demo, anOrder(`OUTAGE-${n}`))));
  narrator.claim(
    `${OUTAGE_ORDERS} more orders are accepted all the same`,
    answers.every(({ status }) => status === 202),
  );
  const breaker = await until(
    'the breaker opening',
    async () => (await hub.client('operator').get('/api/v1/admin/breakers')).body.items[0],
    ({ state }) => state === 'open',
  );
  narrator.claim(`the breaker opened: ${breaker.cause}`, breaker.state === 'open');
  const orderId: string = answers.at(-1)!.body.orderId;
  const order = await until(
    'the order waiting',
    () => orderOf(demo, orderId),
    ({ waiting }) => waiting?.reason !== undefined,
  );
  narrator.claim(
    `OUTAGE-${OUTAGE_ORDERS - 1} is ${order.status} for the ${order.waiting.for}: ${order.waiting.reason}`,
    order.status === 'waiting',
  );

  narrator.chapter('3. kill -9, and a new start');
  const { pid } = hub;
  await hub.kill();
  narrator.say(`Process ${pid} is gone, without a chance to write anything down.`);
  await hub.startAgain();
  const stats = await until(
    'the figures',
    () => statsOf(hub),
    ({ accepted }) => accepted === HAPPY_ORDERS + OUTAGE_ORDERS,
  );
  narrator.claim(
    `the new process knows all ${HAPPY_ORDERS + OUTAGE_ORDERS} orders; ${stats.inFlight} are under way`,
    stats.inFlight === OUTAGE_ORDERS,
    stats,
  );

  narrator.chapter('4. The ERP comes back');
  await hub.erp.behave(WELL_BEHAVED);
  const after = await atRest(hub, HAPPY_ORDERS + OUTAGE_ORDERS);
  narrator.claim(
    'every order that waited is completed, nobody was rejected',
    after.completed === HAPPY_ORDERS + OUTAGE_ORDERS && after.rejected === 0,
    after,
  );
  return orderId;
};

const refusedOrder = async (narrator: Narrator, hub: HubProcess, demo: ApiClient): Promise<void> => {
  narrator.chapter('5. The ERP refuses an order for good');
  await hub.erp.behave({ refusedSkus: [REFUSED_SKU] });
  const before = await freeStock(hub, REFUSED_SKU);
  const lines = [{ sku: REFUSED_SKU, quantity: '7', unitPrice: '3.00' }];
  const { body } = await demo.post('/api/v1/orders', anOrder('REFUSED-1', { lines }), { prefer: 'wait=20' });
  const order = await orderOf(demo, body.orderId);
  narrator.claim(`REFUSED-1 is ${order.status}: ${order.rejection?.detail ?? order.rejection?.reason}`, order.status === 'rejected', order);
  const after = await freeStock(hub, REFUSED_SKU);
  narrator.claim(`its 7 pieces are back on sale: ${before} before, ${after} after`, before === after && order.compensation === 'full');
};

const oneStory = async (narrator: Narrator, demo: ApiClient, orderId: string): Promise<void> => {
  narrator.chapter(`6. What happened to OUTAGE-${OUTAGE_ORDERS - 1}`);
  const { body } = await demo.get(`/api/v1/orders/${orderId}/timeline`);
  for (const { at, title, detail } of body.entries) narrator.say(`${at.slice(11, 23)}  ${title.padEnd(22)} ${detail ?? ''}`);
  narrator.claim(
    'its timeline leads from received to completed',
    body.entries[0].type === 'OrderReceived' && body.entries.at(-1).type === 'OrderCompleted',
  );
};

const history = async (narrator: Narrator, hub: HubProcess, orderId: string): Promise<void> => {
  narrator.chapter('7. The history, and somebody who edits it');
  const file = await exportHistory(hub);
  const intact = await verifyFile(file);
  narrator.claim(
    `${intact.events} events in ${intact.streams} streams verify: every hash chain is whole`,
    intact.fault === undefined,
    intact.fault,
  );
  const { copy, edited } = await tamperedCopy(file, `order-${orderId}`);
  const { fault } = await verifyFile(copy);
  narrator.claim(
    `in a copy one digit of a total was changed, and the change was found: ${fault?.stream}, revision ${fault?.revision}, ${fault?.kind}`,
    `${fault?.stream}@${fault?.revision}` === edited && fault?.kind === 'edited',
    fault,
  );
};

const closingTable = async (narrator: Narrator, hub: HubProcess): Promise<void> => {
  narrator.chapter('The balance');
  const { accepted, completed, rejected } = await statsOf(hub);
  const { live, doubled } = hub.erp.stats().ledger;
  const lost = completed - live;
  const table = new Table({
    head: ['accepted', 'completed', 'rejected', 'effects at the ERP', 'lost', 'doubled'],
    style: { head: [], border: [] },
  });
  table.push([accepted, completed, rejected, live, lost, doubled]);
  for (const line of table.toString().split('\n')) narrator.say(line);
  narrator.claim('accepted = completed + rejected', accepted === completed + rejected);
  narrator.claim('effects at the ERP = completed, 0 lost, 0 doubled', live === completed && doubled === 0);
};
