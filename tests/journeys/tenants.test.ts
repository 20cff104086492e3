import assert from 'node:assert/strict';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { journeyHub, orderIn, place } from './journey.ts';

describe('journey: partners cannot see each other', () => {
  const journey = journeyHub();
  let stranger: ApiClient;

  before(async () => {
    const operator = journey.hub.client('operator');
    const partner = await operator.post('/api/v1/admin/partners', { partnerId: 'globex', name: 'Globex' });
    assert.ok(partner.status < 300, partner.text);
    const client = await operator.post('/api/v1/admin/partners/globex/clients', {
      clientId: 'globex-shop',
      scopes: ['orders:read', 'orders:write'],
    });
    assert.equal(client.status, 201, client.text);
    stranger = new ApiClient(() => journey.hub.url, client.body.clientId, client.body.clientSecret);
  });

  it('hides an order of another partner in every route, as if it were not there', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('T-1'));
    await orderIn(demo, orderId, 'completed');
    const answers = await Promise.all([
      stranger.get(`/api/v1/orders/${orderId}`),
      stranger.get(`/api/v1/orders/${orderId}?revision=0`),
      stranger.get(`/api/v1/orders/${orderId}/timeline`),
      stranger.post(`/api/v1/orders/${orderId}/cancel`),
      stranger.post(`/api/v1/orders/${orderId}/resubmit`, anOrder('T-1')),
    ]);
    const unknown = await stranger.get('/api/v1/orders/00000000-0000-4000-8000-000000000000');
    for (const answer of answers) assert.deepEqual([answer.status, answer.body.code], [404, unknown.body.code], answer.text);
    const { body } = await stranger.get('/api/v1/orders');
    assert.deepEqual(body.items, []);
  });

  it('gives the same order number of two partners two orders', async () => {
    const mine = await place(journey.hub.client('demo'), anOrder('SAME'));
    const theirs = await place(stranger, anOrder('SAME'));
    assert.notEqual(mine, theirs);
  });

  it('keeps idempotency keys of two partners apart', async () => {
    const key = { 'idempotency-key': 'shared-by-chance' };
    const mine = await journey.hub.client('demo').post('/api/v1/orders', anOrder('KEY-MINE'), key);
    const theirs = await stranger.post('/api/v1/orders', anOrder('KEY-THEIRS'), key);
    assert.deepEqual([mine.status, theirs.status], [202, 202]);
  });

  it('lets nobody without the scope into operations or history', async () => {
    for (const path of [
      '/api/v1/events',
      '/api/v1/admin/partners',
      '/api/v1/admin/dead-letters',
      '/api/v1/admin/breakers',
      '/api/v1/admin/inventory',
    ])
      assert.equal((await stranger.get(path)).status, 403, path);
  });

  it('shuts a suspended partner out at once, tokens in hand included', async () => {
    const operator = journey.hub.client('operator');
    assert.equal((await stranger.get('/api/v1/orders')).status, 200);
    await operator.post('/api/v1/admin/partners/globex/suspend', { reason: 'unpaid' });
    assert.equal((await stranger.get('/api/v1/orders')).status, 401);
    await operator.post('/api/v1/admin/partners/globex/reinstate', { reason: 'paid' });
    assert.equal((await stranger.get('/api/v1/orders')).status, 200);
  });
});
