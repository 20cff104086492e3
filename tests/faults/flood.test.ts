import assert from 'node:assert/strict';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { statsOf } from './evidence.ts';

const FLOOD = 10_000;
const SENDERS = 64;
/** What "in seconds" means, on a busy machine. */
const LIMIT_MS = 5_000;
const SMALL = { lines: [{ sku: 'SKU-1', quantity: '1', unitPrice: '1.00' }] };

describe('one partner that floods the hub', () => {
  it(`with ${FLOOD} orders delays another one's single order by less than ${LIMIT_MS / 1_000} s`, async function () {
    // An ERP that cannot keep up: the flood piles up in the hub.
    await using hub = await HubProcess.start({ erp: { latencyMs: 250 } });
    const operator = hub.client('operator');
    await operator.post('/api/v1/admin/partners', { partnerId: 'other', name: 'Another partner' });
    const added = await operator.post('/api/v1/admin/partners/other/clients', {
      clientId: 'other',
      scopes: ['orders:read', 'orders:write'],
    });
    assert.equal(added.status, 201, added.text);
    const other = new ApiClient(() => hub.url, 'other', added.body.clientSecret as string);

    const flooder = hub.client('demo');
    let sent = 0;
    await Promise.all(
      Array.from({ length: SENDERS }, async () => {
        while (sent < FLOOD) {
          const order = anOrder(`FLOOD-${sent++}`, SMALL);
          // Sent again when it is told to try again, as on a machine that stood still for a second.
          const { status } = await until(
            'an order of the flood being answered',
            () => flooder.post('/api/v1/orders', order),
            (answer) => answer.status !== 503,
          );
          assert.equal(status, 202);
        }
      }),
    );
    const { accepted, inFlight } = await statsOf(hub);
    assert.ok(inFlight > FLOOD / 2, `only ${inFlight} of ${accepted} were still in flight: that was no flood`);

    const startedMs = performance.now();
    const { status, body } = await other.post('/api/v1/orders', anOrder('PO-1', SMALL), { prefer: 'wait=30' });
    const tookMs = Math.round(performance.now() - startedMs);
    assert.deepEqual([status, body.status], [200, 'completed']);
    this.test!.title += `: ${tookMs} ms with ${inFlight} orders before it`;
    assert.ok(tookMs < LIMIT_MS, `it took ${tookMs} ms`);
  });
});
