import assert from 'node:assert/strict';
import { until } from '@sagahub/hub/harness/until.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { gatherEvidence, statsOf } from './evidence.ts';
import { HubHere } from './hub-here.ts';
import { brokenPromises } from './invariants.ts';

const HOUR_MS = 3_600_000;
/** Longer than every default deadline: that of the ERP is 72 hours. */
const OUTAGE_HOURS = 120;
const LEAP_HOURS = 5;

/** Lets hours pass, the ERP being asked every time the hub's retries are due. */
const sitOut = async (hub: HubHere, hours: number): Promise<void> => {
  for (let passed = 0; passed < hours; passed += LEAP_HOURS) {
    const before = hub.erp.stats().requests;
    hub.leap(LEAP_HOURS * HOUR_MS);
    await until(
      'the ERP being tried again',
      async () => hub.erp.stats().requests,
      (requests) => requests > before,
    );
  }
};

const breakerOf = async (hub: HubHere) => (await hub.operator.get('/api/v1/admin/breakers')).body.items[0];

const opens = (hub: HubHere) =>
  until(
    'the breaker opening',
    () => breakerOf(hub),
    ({ state }) => state !== 'closed',
  );

/** Every order completed, and every promise kept. */
const assertAllCompleted = async (hub: HubHere, orders: number): Promise<void> => {
  const evidence = await gatherEvidence(hub, hub.witness);
  assert.deepEqual(brokenPromises(evidence), []);
  assert.equal(evidence.stats.completed, orders);
  for (const type of ['OrderRejected', 'ErpDeadlineExceeded', 'ErpSubmissionFailed', 'StepFaulted'])
    assert.equal(evidence.log.filter((event) => event.type === type).length, 0, type);
};

describe('an ERP that is away for longer than every deadline', () => {
  it(`${OUTAGE_HOURS} hours of 503: orders wait and say why, none is rejected, and all complete when it is back`, async () => {
    await using hub = await HubHere.start({ erp: { outage: 'unavailable' } });
    const orders = await Promise.all(Array.from({ length: 20 }, (_, index) => hub.post(`PO-${index}`)));
    await until(
      'the breaker opening',
      async () => {
        hub.leap(1_000); // attempts wait for each other a second or more
        return breakerOf(hub);
      },
      ({ state }) => state !== 'closed',
    );
    await sitOut(hub, OUTAGE_HOURS / 2);
    orders.push(await hub.post('PO-meanwhile'));
    await sitOut(hub, OUTAGE_HOURS / 2);
    for (const orderId of orders) {
      const { status, waiting, overdueSince } = await hub.orderIn(orderId, 'waiting');
      assert.equal(status, 'waiting');
      assert.match(JSON.stringify(waiting), /503/);
      assert.ok(overdueSince, 'it is overdue, and says so');
    }
    assert.deepEqual((await statsOf(hub)).inFlight, orders.length);
    await hub.erp.behave(WELL_BEHAVED);
    hub.leap(60_000);
    await assertAllCompleted(hub, orders.length);
  });

  it('the same when the hub itself is off for most of that time', async () => {
    await using hub = await HubHere.start({ erp: { outage: 'refused' } });
    const orderId = await hub.post('PO-1');
    await until(
      'the breaker opening',
      async () => {
        hub.leap(1_000);
        return breakerOf(hub);
      },
      ({ state }) => state !== 'closed',
    );
    await hub.stop();
    hub.leap(OUTAGE_HOURS * HOUR_MS);
    await hub.erp.behave({ outage: 'unavailable' });
    await hub.startAgain();
    await sitOut(hub, LEAP_HOURS);
    await hub.orderIn(orderId, 'waiting');
    await hub.erp.behave(WELL_BEHAVED);
    hub.leap(60_000);
    await assertAllCompleted(hub, 1);
  });

  it('a hub that is off, its breaker closed: it tries first when it is back, and undoes nothing', async () => {
    await using hub = await HubHere.start({ erp: { outage: 'unavailable' } });
    const orderId = await hub.post('PO-1');
    await hub.orderIn(orderId, 'waiting');
    await hub.stop();
    hub.leap(OUTAGE_HOURS * HOUR_MS);
    await hub.erp.behave(WELL_BEHAVED);
    await hub.startAgain();
    await hub.orderIn(orderId, 'completed');
    await assertAllCompleted(hub, 1);
  });

  it('an expired credential: nobody is rejected, the breaker names it, and mending it is all there is to do', async () => {
    await using hub = await HubHere.start({ erp: { bearer: 'another-token' } });
    const orders = [await hub.post('PO-0')];
    const { cause } = await opens(hub);
    assert.match(cause, /401/);
    // Only now, so that no call is under way when hours pass: one that is would count as one without an answer.
    orders.push(...(await Promise.all(Array.from({ length: 9 }, (_, index) => hub.post(`PO-${index + 1}`)))));
    await sitOut(hub, OUTAGE_HOURS);
    assert.equal((await statsOf(hub)).inFlight, orders.length);
    for (const orderId of orders) {
      const { waiting, attempts } = await hub.orderIn(orderId, 'waiting');
      assert.match(waiting.reason, /401/);
      assert.equal(attempts.erp, 0, 'no attempt was spent');
    }
    await hub.erp.behave(WELL_BEHAVED);
    const closed = await hub.operator.post('/api/v1/admin/breakers/erp/close', { reason: 'a new credential' });
    assert.equal(closed.body.state, 'closed');
    await assertAllCompleted(hub, orders.length);
  });
});
