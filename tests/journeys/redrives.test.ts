import assert from 'node:assert/strict';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { journeyHub, orderIn, place } from './journey.ts';

const REDRIVES = '/api/v1/admin/redrives';
const ORDERS = 20;
/** So many failures that the breaker stays closed, and attempts are used up. */
const TOLERANT = { HUB_BREAKER_FAILURES: '1000', HUB_BREAKER_MINIMUM_CALLS: '100000' };

describe('journey: redriving many dead letters', () => {
  const journey = journeyHub({ env: { ...TOLERANT, HUB_ERP_RETRY_DELAYS: '10ms,10ms' } });
  const operator = () => journey.hub.client('operator');
  afterEach(() => journey.hub.erp.behave(WELL_BEHAVED));

  const deadLetters = async (prefix: string): Promise<readonly string[]> => {
    const demo = journey.hub.client('demo');
    const orders = await Promise.all(Array.from({ length: ORDERS }, (_, index) => place(demo, anOrder(`${prefix}-${index}`))));
    for (const orderId of orders) await orderIn(demo, orderId, 'stuck');
    await until(
      'all dead letters being listed',
      () => operator().get('/api/v1/admin/dead-letters?limit=500'),
      ({ body }) => orders.every((orderId) => body.items.some((letter: { objectId: string }) => letter.objectId === orderId)),
    );
    return orders;
  };
  const start = async (body: object) => {
    const started = await operator().post(REDRIVES, { reason: 'the ERP was repaired', ...body });
    assert.equal(started.status, 202, started.text);
    return started.body.redriveId as string;
  };
  const inStatus = async (redriveId: string, status: string) =>
    (
      await until(
        `the redrive being ${status}`,
        () => operator().get(`${REDRIVES}/${redriveId}`),
        ({ body }) => body.status === status,
      )
    ).body;
  const itemsOf = async (redriveId: string, query = '') =>
    (await operator().get(`${REDRIVES}/${redriveId}/items?limit=500${query}`)).body.items;

  it('rehearses first: tells what would be sent and what the ERP has already, and sends nothing', async () => {
    // Every call does its work and says that it did not: half of the letters are there already.
    await journey.hub.erp.behave({ failAfterWorkRate: 1 });
    const there = await deadLetters('REHEARSED-THERE');
    await journey.hub.erp.behave({ ...WELL_BEHAVED, failureRate: 1 });
    const absent = await deadLetters('REHEARSED-ABSENT');
    await journey.hub.erp.behave(WELL_BEHAVED);
    const before = journey.hub.erp.stats().ledger;
    const redriveId = await start({ filter: {}, dryRun: true, ratePerSecond: 500 });
    const { counts, total } = await inStatus(redriveId, 'finished');
    assert.deepEqual([total, counts['already-applied'], counts['would-redrive']], [2 * ORDERS, ORDERS, ORDERS]);
    const items = await itemsOf(redriveId);
    const outcomeOf = (orderId: string) => items.find((item: { objectId: string }) => item.objectId === orderId);
    for (const orderId of there) assert.match(outcomeOf(orderId).reference, /./);
    for (const orderId of absent) {
      const { outcome, attempt, wouldSend } = outcomeOf(orderId);
      assert.deepEqual([outcome, attempt, wouldSend.items.length > 0], ['would-redrive', 4, true]);
      assert.doesNotMatch(JSON.stringify(wouldSend), /Ada|ada@/);
    }
    assert.deepEqual(journey.hub.erp.stats().ledger, before);

    const real = await start({ filter: { origin: 'erp', cause: 'http-500' }, ratePerSecond: 500 });
    const done = await inStatus(real, 'finished');
    assert.deepEqual([done.counts['applied'], done.counts['already-applied']], [ORDERS, ORDERS]);
    for (const item of await itemsOf(real)) {
      // The job reads what became of it off the order's events; the order as it is shown is a moment behind.
      const { erpRef } = await orderIn(operator(), item.objectId, 'completed');
      assert.equal(erpRef, item.reference);
      assert.ok(item.act.revision > 0);
    }
    assert.equal(journey.hub.erp.stats().ledger.doubled, 0);
    const nothing = await inStatus(await start({ filter: { origin: 'erp' } }), 'finished');
    assert.equal(nothing.total, 0);
  });

  it('can be paused, resumed and cancelled, and says of every item what became of it', async () => {
    await journey.hub.erp.behave({ failureRate: 1 });
    const orders = await deadLetters('PACED');
    const cancelled = await journey.hub.client('demo').post(`/api/v1/orders/${orders[0]}/cancel`, {});
    assert.equal(cancelled.status, 202);
    await journey.hub.erp.behave(WELL_BEHAVED);
    const letters = (await operator().get('/api/v1/admin/dead-letters?state=any&limit=500')).body.items;
    const ids = orders.map((orderId) => letters.find((letter: { objectId: string }) => letter.objectId === orderId).deadLetterId);

    const redriveId = await start({ deadLetterIds: ids, ratePerSecond: 1 });
    await until(
      'the first item being done',
      () => operator().get(`${REDRIVES}/${redriveId}`),
      ({ body }) => body.counts['skipped'] + body.counts['applied'] > 0,
    );
    const paused = await operator().post(`${REDRIVES}/${redriveId}/pause`, { reason: 'lunch' });
    assert.equal(paused.body.status, 'paused');
    assert.ok((await itemsOf(redriveId, '&outcome=waiting')).length > ORDERS / 2);
    const twice = await operator().post(`${REDRIVES}/${redriveId}/pause`, { reason: 'lunch' });
    assert.equal(twice.body.status, 'paused');
    await journey.hub.kill();
    await journey.hub.startAgain();
    assert.equal((await operator().get(`${REDRIVES}/${redriveId}`)).body.status, 'paused');
    assert.equal((await operator().post(`${REDRIVES}/${redriveId}/resume`, { reason: 'back' })).status, 200);
    await operator().post(`${REDRIVES}/${redriveId}/cancel`, { reason: 'the ERP people called' });
    const { counts } = await inStatus(redriveId, 'cancelled');
    assert.equal(counts.applied + counts.skipped, ORDERS);
    const skipped = await itemsOf(redriveId, '&outcome=skipped');
    const whyOf = (orderId: string | undefined) => skipped.find((item: { objectId: string }) => item.objectId === orderId)?.why;
    assert.match(whyOf(orders[0]), /order ended|order has moved on|redrive was cancelled/);
    assert.match(whyOf(orders.at(-1)), /the redrive was cancelled/);
    const late = await operator().post(`${REDRIVES}/${redriveId}/resume`, { reason: 'again' });
    assert.deepEqual([late.status, late.body.code], [409, 'HUB_REDRIVE_STATE']);
    const listed = await until(
      'the list showing it',
      () => operator().get(REDRIVES),
      ({ body }) => body.items.find((job: { redriveId: string }) => job.redriveId === redriveId)?.status === 'cancelled',
    );
    assert.ok(listed.body.items.length >= 1);
  });

  it('is refused without a reason, or with both a filter and ids, or neither', async () => {
    for (const body of [{ filter: {} }, { reason: 'x' }, { reason: 'x', filter: {}, deadLetterIds: ['a'] }])
      assert.equal((await operator().post(REDRIVES, body)).status, 422);
    assert.equal((await operator().get(`${REDRIVES}/none`)).status, 404);
  });
});
