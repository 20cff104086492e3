import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { ApiDescription } from '../support/api-description.ts';
import { journeyHub, orderIn, place } from './journey.ts';

describe('journey: the API is as it is described', () => {
  const journey = journeyHub();
  let description: ApiDescription;
  before(async () => {
    description = await ApiDescription.of(journey.hub.url);
  });

  it('has an example of every JSON body that can be sent, and each fits its schema', () => {
    for (const { method, path, requestBody } of description.operations)
      for (const [mediaType, { schema, example }] of Object.entries(requestBody?.content ?? {})) {
        const where = `${method} ${path} ${mediaType}`;
        assert.ok(example !== undefined, `${where} has no example`);
        description.assertFits(schema, example, where);
      }
  });

  it('shows examples of answers that fit their schemas', () => {
    let examples = 0;
    for (const { method, path, responses } of description.operations)
      for (const [status, response] of Object.entries(responses))
        for (const { schema, example } of Object.values(description.resolve(response).content ?? {})) {
          if (example === undefined) continue;
          description.assertFits(schema, example, `${method} ${path} ${status}`);
          examples += 1;
        }
    assert.ok(examples > 100, String(examples));
  });

  it('begins with what a partner does first', () => {
    assert.deepEqual(description.tags.slice(0, 2), ['Authorization', 'Orders']);
  });

  it('takes the example order as it stands, and answers like the example', async () => {
    const described = description.operations.find(({ operationId }) => operationId === 'placeOrder');
    const { example } = described?.requestBody?.content?.['application/json'] ?? {};
    const { status, body } = await journey.hub.client('demo').post('/api/v1/orders', example);
    assert.equal(status, 202);
    const answered = description.resolve(described?.responses['202'] ?? {}).content?.['application/json']?.example as object;
    assert.deepEqual(Object.keys(body), Object.keys(answered));
  });

  // Every answer below is held to its description by the client itself.

  it('describes what operators may be told about partners and clients', async () => {
    const operator = journey.hub.client('operator');
    const statuses: number[] = [];
    const send = async (...args: Parameters<typeof operator.call>) => statuses.push((await operator.call(...args)).status);
    const partner = { partnerId: 'acme', name: 'ACME' };
    await send('POST', '/api/v1/admin/partners', { body: partner });
    await send('POST', '/api/v1/admin/partners', { body: { ...partner, name: 'Another' } });
    await send('PATCH', '/api/v1/admin/partners/acme', { body: { rateLimitPerMinute: 600 } });
    const client = { clientId: 'acme-1', scopes: ['orders:read'] };
    await send('POST', '/api/v1/admin/partners/acme/clients', { body: client });
    await send('POST', '/api/v1/admin/partners/acme/clients', { body: client });
    await send('POST', '/api/v1/admin/partners/nobody/clients', { body: client });
    await send('POST', '/api/v1/admin/clients/acme-1/rotate-secret');
    await send('POST', '/api/v1/admin/clients/acme-1/revoke', { body: { reason: 'lost' } });
    await send('POST', '/api/v1/admin/clients/acme-1/rotate-secret');
    for (const path of ['partners', 'partners/acme', 'partners/acme/clients', 'clients/acme-1']) await send('GET', `/api/v1/admin/${path}`);
    assert.deepEqual(statuses, [201, 409, 200, 201, 409, 404, 200, 200, 409, 200, 200, 200, 200]);
    // Keys from the configuration, as the networked profile has them, are rotated there.
    await send('POST', '/api/v1/admin/signing-keys/rotate');
    assert.ok([200, 409].includes(statuses.at(-1) ?? 0), String(statuses.at(-1)));
  });

  it('describes stock and discounts', async () => {
    const operator = journey.hub.client('operator');
    const statuses: number[] = [];
    const send = async (...args: Parameters<typeof operator.call>) => statuses.push((await operator.call(...args)).status);
    await send('PUT', '/api/v1/admin/inventory', { body: { items: [{ sku: 'A', available: '5' }] } });
    await send('PUT', '/api/v1/admin/inventory', { body: 'sku,available\nB,6\n', headers: { 'content-type': 'text/csv' } });
    await send('PUT', '/api/v1/admin/inventory', { body: 'sku\nB\n', headers: { 'content-type': 'text/csv' } });
    await send('PUT', '/api/v1/admin/inventory/A', { body: { available: '7' }, headers: { 'if-match': '"99"' } });
    await send('PUT', '/api/v1/admin/inventory/A', { body: { available: '7' }, headers: { 'if-match': 'seven' } });
    await send('PUT', '/api/v1/admin/inventory/A', { body: { available: '7' } });
    await send('GET', '/api/v1/admin/inventory/A');
    await send('GET', '/api/v1/admin/inventory/none');
    await send('GET', '/api/v1/admin/inventory');
    await send('PUT', '/api/v1/admin/discounts', { body: { items: [{ code: 'TEN', percent: '10', maxRedemptions: 5 }] } });
    await send('PUT', '/api/v1/admin/discounts/TEN', { body: { percent: '11' }, headers: { 'if-match': '"99"' } });
    await send('GET', '/api/v1/admin/discounts/TEN');
    await send('GET', '/api/v1/admin/discounts');
    assert.deepEqual(statuses, [200, 200, 400, 412, 400, 200, 200, 404, 200, 200, 412, 200, 200]);
  });

  it('describes what auditors and operators read and start', async () => {
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('DESCRIBED-1'));
    await orderIn(demo, orderId, 'completed');
    const operator = journey.hub.client('operator');
    for (const path of ['projections', 'projections/orders/parked', 'orders', 'breakers', 'dead-letters', 'dead-letters/causes'])
      assert.equal((await operator.get(`/api/v1/admin/${path}`)).status, 200, path);
    for (const path of [
      'projections/orders/rebuild',
      'projections/orders/drift',
      'projections/orders/parked/retry',
      'audit/verify',
      'audit/replay',
    ])
      assert.equal((await operator.post(`/api/v1/admin/${path}`)).status, 200, path);
    const auditor = journey.hub.client('auditor');
    assert.equal((await auditor.get('/api/v1/events')).status, 200);
    const ofAnotherLog = 'A'.repeat(32);
    assert.equal((await auditor.get(`/api/v1/events?after=${ofAnotherLog}`)).status, 410);
    for (const path of ['/api/v1/orders', `/api/v1/orders/${orderId}/timeline`]) {
      assert.equal((await demo.get(path, { accept: 'text/event-stream', 'last-event-id': ofAnotherLog })).status, 410, path);
      const { status, body } = await demo.get(path, { accept: 'text/event-stream', 'last-event-id': 'made-up' });
      assert.deepEqual([status, body.errors[0].header], [400, 'Last-Event-ID']);
    }
  });
});
