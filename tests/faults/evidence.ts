import type { HubProcess } from '../support/hub-process.ts';
import { until } from '../support/until.ts';
import type { Evidence, LoggedEvent } from './invariants.ts';

/** Longest wait for a hub whose ERP is well again to bring everything to an end. */
const REST_LIMIT_MS = 60_000;

/**
 * Waits until nothing is in flight, sending dead letters on their way again as an operator would, and then asks every part of the hub
 * what it knows.
 */
export const gatherEvidence = async (hub: HubProcess, accepted: ReadonlySet<string>): Promise<Evidence> => {
  await bringToRest(hub);
  const operator = hub.client('operator');
  const stats = await statsOf(hub);
  return {
    accepted,
    log: await wholeLog(hub),
    ledger: [...hub.erp.ledger.effects()],
    stock: (await operator.get('/api/v1/admin/inventory?limit=200')).body.items,
    discounts: (await operator.get('/api/v1/admin/discounts?limit=200')).body.items,
    readModel: await listedOrders(hub),
    stats,
  };
};

const statsOf = async (hub: HubProcess): Promise<Evidence['stats']> =>
  (await (await fetch(`${hub.managementUrl}/stats`)).json()) as Evidence['stats'];

const bringToRest = async (hub: HubProcess): Promise<void> => {
  const operator = hub.client('operator');
  await until(
    'every order coming to its end',
    async () => {
      const { body } = await operator.get('/api/v1/admin/dead-letters?state=open&limit=200');
      for (const { deadLetterId } of body.items ?? [])
        await operator.post(`/api/v1/admin/dead-letters/${deadLetterId}/redrive`, { reason: 'the fault is over' });
      return statsOf(hub);
    },
    ({ inFlight, stuck }) => inFlight === 0 && stuck === 0,
    REST_LIMIT_MS,
  );
};

const wholeLog = async (hub: HubProcess): Promise<LoggedEvent[]> => {
  const response = await hub.client('auditor').open('GET', '/api/v1/events');
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoggedEvent);
};

const listedOrders = async (hub: HubProcess): Promise<Map<string, string>> => {
  const demo = hub.client('demo');
  const orders = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const { body } = await demo.get(`/api/v1/orders?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    for (const order of body.items) orders.set(order.orderId, order.status);
    cursor = body.next;
  } while (cursor);
  return orders;
};
