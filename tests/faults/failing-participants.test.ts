import assert from 'node:assert/strict';
import { orderIdOf } from '@sagahub/contracts/ids.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { gatherEvidence } from './evidence.ts';
import { HubHere } from './hub-here.ts';
import { brokenPromises } from './invariants.ts';
import { replacing, withPort } from './seams.ts';

const MINUTE_MS = 60_000;

/** Follows from partner and number alone, within one log. */
const idOf = async (hub: HubHere, orderNumber: string): Promise<string> => {
  const { text } = await hub.auditor.get('/api/v1/events?stream=hub&type=LogCreated');
  const { data } = JSON.parse(text) as { data: { namespace: string } };
  return orderIdOf(data.namespace, 'demo', orderNumber);
};

describe('a participant that fails', () => {
  it('is asked again with growing delays for five minutes, then the order is stuck until an operator has it retried', async () => {
    let healthy = false;
    const stock = withPort('stock', (inner) =>
      replacing(inner, { reserve: (batch) => (healthy ? inner.reserve(batch) : Promise.reject(new TypeError('a bug'))) }),
    );
    await using hub = await HubHere.start(stock);
    const started = hub.clock.now();
    const orderId = await hub.post('PO-1');
    const { waiting } = await hub.orderIn(orderId, 'waiting');
    assert.equal(waiting.for, 'retry');
    assert.match(waiting.reason, /a bug/);
    const stuck = await until(
      'the engine giving up',
      async () => {
        hub.leap(MINUTE_MS / 4);
        return (await hub.demo.get(`/api/v1/orders/${orderId}`)).body;
      },
      ({ status }) => status === 'stuck',
    );
    const minutes = (hub.clock.now() - started) / MINUTE_MS;
    assert.ok(minutes > 4 && minutes < 8, `it took ${minutes} minutes`);
    assert.deepEqual(await hub.typesOf(orderId), ['OrderReceived', ...Array.from({ length: 7 }, () => 'StepFaulted')]);
    const [letter] = stuck.deadLetters;
    assert.deepEqual([letter.origin, letter.state], ['step', 'open']);
    assert.match(letter.reason, /TypeError: a bug/);

    hub.leap(100 * 60 * MINUTE_MS);
    assert.equal((await hub.demo.get(`/api/v1/orders/${orderId}`)).body.status, 'stuck');
    healthy = true;
    const redriven = await hub.operator.post(`/api/v1/admin/dead-letters/${letter.deadLetterId}/redrive`, { reason: 'mended' });
    assert.equal(redriven.status, 202, redriven.text);
    const { deadLetters } = await hub.orderIn(orderId, 'completed');
    assert.equal(deadLetters[0].state, 'redriven');
    assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
  });

  it('for one order alone takes nobody with it, and giving that order up undoes it', async () => {
    let poison = '';
    const stock = withPort('stock', (inner) =>
      replacing(inner, {
        reserve: (batch) => (batch.some(({ holder }) => holder === poison) ? Promise.reject(new TypeError('a bug')) : inner.reserve(batch)),
      }),
    );
    await using hub = await HubHere.start(stock);
    poison = await idOf(hub, 'PO-13');
    const orders = await Promise.all(Array.from({ length: 20 }, (_, index) => hub.post(`PO-${index}`)));
    for (const orderId of orders) if (orderId !== poison) await hub.orderIn(orderId, 'completed');
    const cancelled = await hub.demo.post(`/api/v1/orders/${poison}/cancel`, { reason: 'it takes too long' });
    assert.equal(cancelled.status, 202);
    await hub.orderIn(poison, 'cancelled');
    assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
  });

  it('lets operators redrive what it left by a job, or go on without it: what a failed try took is given back', async () => {
    let healthy = false;
    // Takes the stock, and fails to say so.
    const stock = withPort('stock', (inner) =>
      replacing(inner, {
        reserve: async (batch) => {
          const outcomes = await inner.reserve(batch);
          if (!healthy) throw new TypeError('a bug');
          return outcomes;
        },
      }),
    );
    await using hub = await HubHere.start(stock);
    const sku = 'SKU-00042';
    await hub.operator.put('/api/v1/admin/inventory', { items: [{ sku, available: '100' }] });
    const [skipped, redriven] = await Promise.all([hub.post('PO-SKIP'), hub.post('PO-AGAIN')]);
    for (const orderId of [skipped, redriven])
      await until(
        'the engine giving up',
        async () => {
          hub.leap(MINUTE_MS / 4);
          return (await hub.demo.get(`/api/v1/orders/${orderId}`)).body;
        },
        ({ status }) => status === 'stuck',
      );
    const heldOf = async (): Promise<string> => (await hub.operator.get(`/api/v1/admin/inventory/${sku}`)).body.held;
    assert.equal(await heldOf(), '6');
    const went = await hub.operator.post(`/api/v1/admin/orders/${skipped}/skip`, { step: 'stock', reason: 'counted by hand' });
    assert.deepEqual([went.status, went.body.recorded], [202, ['StepSkipped']], went.text);
    await hub.orderIn(skipped, 'completed');
    assert.equal(await heldOf(), '3', 'the one that was skipped holds nothing');
    const types = await hub.typesOf(skipped);
    assert.ok(!types.includes('StockReserved') && types.includes('StepSkipped'), types.join(' '));

    healthy = true;
    await until(
      'the dead letter being listed',
      () => hub.operator.get('/api/v1/admin/dead-letters?origin=step'),
      ({ body }) => body.items.length === 1,
    );
    const job = await hub.operator.post('/api/v1/admin/redrives', { filter: { origin: 'step' }, reason: 'mended' });
    const { body } = await until(
      'the redrive finishing',
      () => hub.operator.get(`/api/v1/admin/redrives/${job.body.redriveId}`),
      (answer) => answer.body.status === 'finished',
    );
    assert.deepEqual([body.total, body.counts.applied], [1, 1]);
    await hub.orderIn(redriven, 'completed');
    assert.equal(await heldOf(), '3');
  });
});
