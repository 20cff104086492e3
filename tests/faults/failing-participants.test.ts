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
  }).timeout(60_000);

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
  }).timeout(60_000);
});
