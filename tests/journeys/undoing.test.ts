import assert from 'node:assert/strict';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { balanceOf, eventTypes, journeyHub, orderIn, place } from './journey.ts';

const line = (sku: string, quantity: string) => ({ lines: [{ sku, quantity, unitPrice: '1.00' }] });

describe('journey: what was done is undone', () => {
  const journey = journeyHub();
  afterEach(() => journey.hub.erp.behave(WELL_BEHAVED));

  const load = async (sku: string, available: string): Promise<void> => {
    const answer = await journey.hub.client('operator').put('/api/v1/admin/inventory', { items: [{ sku, available }] });
    assert.ok(answer.status < 300, answer.text);
  };

  it('rejects an order that stock does not cover, naming what is short', async () => {
    await load('SKU-SHORT', '2');
    const orderId = await place(journey.hub.client('demo'), anOrder('SHORT-1', line('SKU-SHORT', '3')));
    const order = await orderIn(journey.hub.client('demo'), orderId, 'rejected');
    assert.equal(order.compensation, 'none');
    assert.match(JSON.stringify(order.rejection), /SKU-SHORT/);
    assert.equal((await balanceOf(journey.hub.client('operator'), 'SKU-SHORT')).free, '2');
  });

  it('gives stock and discount back when the ERP refuses', async () => {
    await load('SKU-NO', '10');
    const operator = journey.hub.client('operator');
    await operator.put('/api/v1/admin/discounts', { items: [{ code: 'ONCE', percent: '10', maxRedemptions: 1 }] });
    await journey.hub.erp.behave({ refusedSkus: ['SKU-NO'] });
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('REFUSED-1', { ...line('SKU-NO', '4'), discountCode: 'ONCE' }));
    const order = await orderIn(demo, orderId, 'rejected');
    assert.equal(order.compensation, 'full');
    const types = await eventTypes(journey.hub.client('auditor'), orderId);
    assert.deepEqual(types.slice(-4), ['ErpSubmissionRefused', 'DiscountReleased', 'StockReleased', 'OrderRejected']);
    assert.deepEqual(await balanceOf(operator, 'SKU-NO').then(({ free, held }) => [free, held]), ['10', '0']);
    const { body } = await operator.get('/api/v1/admin/discounts');
    assert.equal(body.items.find((item: { code: string }) => item.code === 'ONCE').redeemed, 0);
  });

  it('rejects an unknown discount with its reason, and keeps no stock', async () => {
    await load('SKU-D', '5');
    const demo = journey.hub.client('demo');
    const order = await orderIn(demo, await place(demo, anOrder('NOCODE-1', { ...line('SKU-D', '1'), discountCode: 'NOPE' })), 'rejected');
    assert.match(JSON.stringify(order.rejection), /NOPE|unknown/);
    assert.equal((await balanceOf(journey.hub.client('operator'), 'SKU-D')).free, '5');
  });

  it('cancels an order the ERP has not taken, and proves that nothing is left there', async () => {
    await load('SKU-C', '5');
    await journey.hub.erp.behave({ failureRate: 1 });
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('CANCEL-1', line('SKU-C', '2')));
    await orderIn(demo, orderId, 'stuck');
    await journey.hub.erp.behave(WELL_BEHAVED);
    const cancelled = await demo.post(`/api/v1/orders/${orderId}/cancel`, { reason: 'changed my mind' });
    assert.equal(cancelled.status, 202, cancelled.text);
    const order = await orderIn(demo, orderId, 'cancelled');
    assert.equal(order.compensation, 'full');
    assert.equal(
      [...journey.hub.erp.ledger.effects()].filter((effect) => effect.externalOrderId === orderId && effect.cancelledAtMs === undefined)
        .length,
      0,
    );
    assert.equal((await balanceOf(journey.hub.client('operator'), 'SKU-C')).free, '5');
  });

  it('refuses to cancel what is completed', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('CANCEL-2'));
    await orderIn(demo, orderId, 'completed');
    const refused = await demo.post(`/api/v1/orders/${orderId}/cancel`);
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, 'HUB_ORDER_COMPLETED');
  });

  it('takes a rejected order again under the same number, once, linked both ways', async () => {
    await load('SKU-R', '1');
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('AGAIN-1', line('SKU-R', '2')));
    await orderIn(demo, orderId, 'rejected');
    const better = anOrder('AGAIN-1', line('SKU-R', '1'));
    const again = await demo.post(`/api/v1/orders/${orderId}/resubmit`, better);
    assert.equal(again.status, 202, again.text);
    const repeated = await demo.post(`/api/v1/orders/${orderId}/resubmit`, better);
    assert.equal(repeated.text, again.text);
    const other = await demo.post(`/api/v1/orders/${orderId}/resubmit`, anOrder('AGAIN-1', line('SKU-R', '5')));
    assert.equal(other.status, 422);
    const successor = await orderIn(demo, again.body.orderId, 'completed');
    assert.equal(successor.resubmissionOf, orderId);
    const { body } = await until(
      'the former naming the new one',
      () => demo.get(`/api/v1/orders/${orderId}`),
      (answer) => answer.body.resubmittedAs !== undefined,
    );
    assert.equal(body.resubmittedAs, successor.orderId);
  });
});
