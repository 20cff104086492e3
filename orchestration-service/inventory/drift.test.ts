import assert from 'node:assert/strict';
import type { HoldsReport } from '@sagahub/contracts/api/operations-views.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { defineDiscounts } from './discount-definitions.ts';
import { holdsDrift } from './drift.ts';
import { newEvent } from './loading.ts';
import { loadLevels } from './stock-levels.ts';
import { ACT, inventorySite, type InventorySite } from './testing/site.ts';

const PAUSE_MS = 500;
const ITEMS = [{ sku: 'A', quantity: '4' }];

describe('comparing stock and discounts with the log of a hub that works', () => {
  let site: InventorySite;
  beforeEach(async () => {
    site = await inventorySite();
    await loadLevels(site.ports, [{ sku: 'A', available: '100' }], ACT);
    await defineDiscounts(site.ports, [{ code: 'TEN', percent: '10', maxRedemptions: 3 }], ACT);
    await site.takes('o1', ITEMS, 'TEN');
  });
  afterEach(() => site[Symbol.asyncDispose]());

  /** Of a reservation whose event comes later. */
  const record = (holder: string, quantity: string) =>
    site.ports.store.append({
      stream: orderStream(holder),
      expectedRevision: NO_STREAM,
      events: [newEvent({ type: 'StockReserved', data: { items: [{ sku: 'A', quantity }] } }, ACT, site.ports.clock.now())],
    });
  const reserve = (holder: string, quantity: string) => site.ports.stock.reserve([{ holder, items: [{ sku: 'A', quantity }] }]);

  /** @param between what happens in each pause, from 1 */
  const compared = async (between: (pause: number) => Promise<unknown> = () => Promise.resolve()) => {
    let pauses = 0;
    const sleep = (ms: number): Promise<any> => (ms === PAUSE_MS ? between((pauses += 1)) : new Promise(() => {}));
    let report: HoldsReport | undefined;
    const ports = { ...site.ports, clock: { now: () => 0, sleep } };
    for await (report of holdsDrift(ports, AbortSignal.timeout(20_000)));
    return { ...report!, pauses };
  };

  it('tells after one look that nothing differs', async () => {
    assert.deepEqual(await compared(), { names: 2, finished: true, differing: 0, differences: [], pauses: 0 });
  });

  it('tells what differs by the same amount in every look, however much flows meanwhile', async () => {
    await site.ports.stock.release(['o1']);
    const { differences, pauses } = await compared(async (pause) => {
      await site.takes(`flowing-${pause}`, ITEMS);
    });
    assert.deepEqual(
      differences.map(({ name, field, expected, actual }) => [name, field, expected, actual]),
      [
        ['A', 'held', '12', '8'],
        ['A', 'free', '88', '92'],
      ],
    );
    assert.equal(pauses, 2);
  });

  it('tells nothing of orders between their reservation and its event', async () => {
    await reserve('on-its-way-0', '1');
    const { differing, pauses } = await compared(async (pause) => {
      await record(`on-its-way-${pause - 1}`, String(pause));
      await reserve(`on-its-way-${pause}`, String(pause + 1));
    });
    assert.deepEqual([differing, pauses], [0, 1]);
  });

  it('ends when whoever asked has left', async () => {
    const left = AbortSignal.abort(new Error('gone'));
    await assert.rejects(holdsDrift({ ...site.ports }, left).next(), /gone/);
  });
});
