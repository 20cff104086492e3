import assert from 'node:assert/strict';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { AN_ORDERS_TOTAL, anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { eventTypes, journeyHub, orderIn, place } from './journey.ts';

describe('journey: an order goes through', () => {
  const journey = journeyHub({ apart: true });

  it('is accepted, decided, delivered and shown', async () => {
    const demo = journey.hub.client('demo');
    const accepted = await demo.post('/api/v1/orders', anOrder('PO-1'));
    assert.equal(accepted.status, 202, accepted.text);
    assert.equal(accepted.headers.get('location'), `/api/v1/orders/${accepted.body.orderId}`);
    assert.equal(accepted.body.orderNumber, 'PO-1');

    const order = await orderIn(demo, accepted.body.orderId, 'completed');
    assert.equal(order.total, AN_ORDERS_TOTAL);
    assert.equal(order.buyer.name, 'Ada Keller');
    const [effect] = [...journey.hub.erp.ledger.effects()].filter(({ externalOrderId }) => externalOrderId === order.orderId);
    assert.equal(effect?.erpRef, order.erpRef);
    assert.equal(effect?.total, AN_ORDERS_TOTAL);
  });

  it('takes three appends on the happy path', async () => {
    const orderId = await place(journey.hub.client('demo'), anOrder('PO-2'));
    await orderIn(journey.hub.client('demo'), orderId, 'completed');
    assert.deepEqual(await eventTypes(journey.hub.client('auditor'), orderId), [
      'OrderReceived',
      'StockReserved',
      'OrderValidated',
      'ErpSubmissionRequested',
      'OrderSentToErp',
      'OrderCompleted',
    ]);
  });

  it('answers a repeat with the very same bytes and makes one order of it', async () => {
    const demo = journey.hub.client('demo');
    const send = () => demo.post('/api/v1/orders', anOrder('PO-3'), { 'idempotency-key': 'first-of-its-kind' });
    const [first, ...repeats] = [await send(), ...(await Promise.all([send(), send(), send()]))];
    for (const repeat of repeats) {
      assert.equal(repeat.status, 202);
      assert.equal(repeat.text, first.text);
      assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
    }
    const reused = await demo.post('/api/v1/orders', anOrder('PO-3', { currency: 'USD' }));
    assert.equal(reused.status, 422);
    assert.equal(reused.body.code, 'HUB_ORDER_NUMBER_REUSED');
    const otherNumber = await demo.post('/api/v1/orders', anOrder('PO-3b'), { 'idempotency-key': '"first-of-its-kind"' });
    assert.equal(otherNumber.body.code, 'HUB_IDEMPOTENCY_KEY_REUSED');
  });

  it('waits for the end when asked to', async () => {
    const demo = journey.hub.client('demo');
    const answer = await demo.post('/api/v1/orders', anOrder('PO-4'), { prefer: 'wait=10' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.status, 'completed');
    assert.equal(answer.headers.get('preference-applied'), 'wait=10');
    assert.equal(answer.body.links.cancel, undefined, 'what is completed cannot be cancelled');
  });

  it('tells its story and what it was at any revision', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('PO-5'));
    await orderIn(demo, orderId, 'completed');
    const timeline = await demo.get(`/api/v1/orders/${orderId}/timeline`);
    assert.equal(timeline.body.entries[0].type, 'OrderReceived');
    assert.equal(timeline.body.entries.at(-1).type, 'OrderCompleted');
    const asReceived = await demo.get(`/api/v1/orders/${orderId}?revision=0`);
    assert.equal(asReceived.body.status, 'received');
    assert.equal(asReceived.body.erpRef, undefined);
  });

  it('says 304 while nothing changed', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('PO-6'));
    await orderIn(demo, orderId, 'completed');
    const first = await demo.get(`/api/v1/orders/${orderId}`);
    const etag = first.headers.get('etag');
    assert.ok(etag);
    const again = await demo.get(`/api/v1/orders/${orderId}`, { 'if-none-match': etag });
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
  });

  it('pages through orders, each exactly once, newest first', async () => {
    const demo = journey.hub.client('demo');
    const placed = await Promise.all(Array.from({ length: 7 }, (_, i) => place(demo, anOrder(`PAGE-${i}`))));
    for (const orderId of placed) await orderIn(demo, orderId, 'completed');
    const seen = await until(
      'the list showing all of them',
      () => allPages(demo, '/api/v1/orders?status=completed&limit=3'),
      (orders) => placed.every((orderId) => orders.includes(orderId)),
    );
    assert.equal(new Set(seen).size, seen.length);
  });
});

const allPages = async (client: ApiClient, path: string): Promise<string[]> => {
  const seen: string[] = [];
  let next: string | undefined;
  do {
    const { body } = await client.get(`${path}${next ? `&cursor=${encodeURIComponent(next)}` : ''}`);
    seen.push(...body.items.map((order: { orderId: string }) => order.orderId));
    next = body.next;
  } while (next);
  return seen;
};
