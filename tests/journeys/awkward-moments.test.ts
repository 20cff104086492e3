import assert from 'node:assert/strict';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { journeyHub, orderIn, place } from './journey.ts';

/** The ERP takes orders at once, and its answer comes when nobody waits for it any more. */
const NEVER_DONE = { latencyMs: 60_000 };

/** Every point of an order's life at which its partner may change its mind. */
describe('journey: cancelled and resubmitted at awkward moments', () => {
  const journey = journeyHub({ apart: true, env: { HUB_ERP_TIMEOUT: '2s', HUB_ERP_RETRY_DELAYS: '50ms' } });
  let demo: ApiClient;
  let operator: ApiClient;
  before(() => {
    demo = journey.hub.client('demo');
    operator = journey.hub.client('operator');
  });
  afterEach(async () => {
    await journey.hub.erp.behave(WELL_BEHAVED);
    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'the next test begins with a closed one' });
  });

  const cancel = (orderId: string) => demo.post(`/api/v1/orders/${orderId}/cancel`, { reason: 'ordered twice' });
  const resubmit = (orderId: string, order: object) => demo.post(`/api/v1/orders/${orderId}/resubmit`, order);
  const liveAtErp = (orderId: string) => journey.hub.erp.ledger.ofOrder(orderId).filter(({ cancelledAtMs }) => cancelledAtMs === undefined);
  const submissions = () => journey.hub.erp.stats().submissions;

  it('takes back an order that the ERP is just taking', async () => {
    await journey.hub.erp.behave(NEVER_DONE);
    const before = submissions();
    const orderId = await place(demo, anOrder('IN-FLIGHT-1'));
    await until(
      'the ERP being called',
      async () => submissions(),
      (count) => count > before,
    );
    const cancelled = await cancel(orderId);
    assert.deepEqual([cancelled.status, cancelled.body.status], [202, 'compensating']);
    assert.equal((await resubmit(orderId, anOrder('IN-FLIGHT-1'))).body.code, 'HUB_ORDER_NOT_ENDED');
    await journey.hub.erp.behave(WELL_BEHAVED);
    const order = await orderIn(demo, orderId, 'cancelled');
    assert.equal(order.compensation, 'full');
    assert.equal(journey.hub.erp.ledger.ofOrder(orderId).length, 1, 'it had been taken');
    assert.deepEqual(liveAtErp(orderId), []);
  });

  it('waits for the ERP to prove that it has nothing, while nothing is sent there any more', async () => {
    await operator.post('/api/v1/admin/breakers/erp/open', { reason: 'maintenance' });
    const orderId = await place(demo, anOrder('BREAKER-1'));
    await orderIn(demo, orderId, 'waiting');
    assert.equal((await cancel(orderId)).body.status, 'compensating');
    const waiting = await until(
      'the order saying what it waits for',
      () => demo.get(`/api/v1/orders/${orderId}`),
      ({ body }) => body.waiting?.for === 'erp-cancellation' && body.waiting.reason !== undefined,
    );
    assert.equal(waiting.body.links.cancel, undefined);
    const before = submissions();
    await journey.hub.erp.behave(WELL_BEHAVED);
    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'it is back' });
    await orderIn(demo, orderId, 'cancelled');
    assert.equal(submissions(), before, 'never submitted again');
    assert.deepEqual(liveAtErp(orderId), []);
  });

  it('cancels an order that is stuck, after which its dead letter is nobody’s work any more', async () => {
    await journey.hub.erp.behave({ failureRate: 1 });
    const orderId = await place(demo, anOrder('STUCK-1'));
    const stuck = await orderIn(demo, orderId, 'stuck');
    const { deadLetterId } = stuck.deadLetters[0];
    await journey.hub.erp.behave(WELL_BEHAVED);
    assert.equal((await cancel(orderId)).status, 202);
    await orderIn(demo, orderId, 'cancelled');
    const letter = await until(
      'the letter being closed',
      () => operator.get(`/api/v1/admin/dead-letters/${deadLetterId}`),
      ({ body }) => body.state !== 'open',
    );
    assert.deepEqual([letter.body.objectId, letter.body.resolution], [orderId, 'the order was cancelled']);
    const redriven = await operator.post(`/api/v1/admin/dead-letters/${deadLetterId}/redrive`, { reason: 'too late' });
    assert.deepEqual([redriven.status, redriven.body.code], [409, 'HUB_DEAD_LETTER_RESOLVED']);
    assert.match(redriven.body.detail, /order ended/);
  });

  it('leaves an order that the ERP refuses to take back to an operator, and ends it as partial when that is given up', async () => {
    await journey.hub.erp.behave({ ...NEVER_DONE, refuseCancellation: true });
    const before = submissions();
    const orderId = await place(demo, anOrder('SHIPPED-1'));
    await until(
      'the ERP being called',
      async () => submissions(),
      (count) => count > before,
    );
    assert.equal((await cancel(orderId)).status, 202);
    await journey.hub.erp.behave({ latencyMs: 0 });
    const halted = await orderIn(demo, orderId, 'stuck');
    assert.equal(halted.waiting.for, 'operator');
    assert.match(halted.deadLetters[0].reason, /shipped/);
    assert.equal((await resubmit(orderId, anOrder('SHIPPED-1'))).body.code, 'HUB_ORDER_NOT_ENDED');
    const { deadLetterId, origin } = halted.deadLetters[0];
    assert.equal(origin, 'compensation');
    const letter = `/api/v1/admin/dead-letters/${deadLetterId}`;
    await until(
      'the letter being listed',
      () => operator.get(letter),
      ({ status }) => status === 200,
    );
    assert.equal((await operator.post(`${letter}/discard`, { reason: 'the goods are on their way' })).status, 202);
    const ended = await orderIn(demo, orderId, 'cancelled');
    assert.equal(ended.compensation, 'partial');
    assert.equal(ended.links.resubmit, undefined);
    assert.equal((await resubmit(orderId, anOrder('SHIPPED-1'))).body.code, 'HUB_ORDER_NOT_UNDONE');
    assert.equal(liveAtErp(orderId).length, 1, 'as it says');
  });

  it('says why what has ended cannot be cancelled, and lets a cancellation be repeated', async () => {
    await journey.hub.erp.behave({ refusedSkus: ['SKU-REFUSED'] });
    const lines = [{ sku: 'SKU-REFUSED', quantity: '1', unitPrice: '1' }];
    const rejected = await place(demo, anOrder('ENDED-1', { lines }));
    await orderIn(demo, rejected, 'rejected');
    const refused = await cancel(rejected);
    assert.deepEqual([refused.status, refused.body.code], [409, 'HUB_ORDER_ENDED']);

    await operator.post('/api/v1/admin/breakers/erp/open', { reason: 'so that nothing is sent' });
    const orderId = await place(demo, anOrder('ENDED-2'));
    await cancel(orderId);
    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'go on' });
    await orderIn(demo, orderId, 'cancelled');
    const again = await cancel(orderId);
    assert.deepEqual([again.status, again.body.status], [202, 'cancelled']);
  });

  it('resubmits an ended order once, under its own number', async () => {
    await journey.hub.erp.behave({ refusedSkus: ['SKU-REFUSED'] });
    const lines = [{ sku: 'SKU-REFUSED', quantity: '1', unitPrice: '1' }];
    const former = await place(demo, anOrder('RESUBMIT-1', { lines }));
    const order = await orderIn(demo, former, 'rejected');
    assert.equal(order.links.resubmit, `/api/v1/orders/${former}/resubmit`);
    const other = await resubmit(former, anOrder('RESUBMIT-2'));
    assert.deepEqual([other.status, other.body.errors[0].pointer], [422, '#/orderNumber']);
    const changed = anOrder('RESUBMIT-1');
    const first = await resubmit(former, changed);
    assert.equal(first.status, 202);
    const again = await resubmit(former, changed);
    assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [first.text, 'true']);
    const different = await resubmit(former, { ...changed, currency: 'USD' });
    assert.deepEqual([different.status, different.body.code, different.body.orderId], [422, 'HUB_ORDER_RESUBMITTED', first.body.orderId]);
    const posted = await demo.post('/api/v1/orders', changed);
    assert.deepEqual([posted.status, posted.body.code], [422, 'HUB_ORDER_NUMBER_REUSED']);
    const next = await orderIn(demo, first.body.orderId, 'completed');
    assert.deepEqual([next.resubmissionOf, next.submission], [former, 2]);
    const { body } = await until(
      'the former naming the new one',
      () => demo.get(`/api/v1/orders/${former}`),
      (a) => a.body.resubmittedAs,
    );
    assert.equal(body.resubmittedAs, first.body.orderId);
  });

  it('is what it was at any time: before, between and after its events', async () => {
    const orderId = await place(demo, anOrder('PAST-1'));
    await orderIn(demo, orderId, 'completed');
    const { body: timeline } = await demo.get(`/api/v1/orders/${orderId}/timeline`);
    const [received] = timeline.entries;
    const asOf = (at: string) => demo.get(`/api/v1/orders/${orderId}?at=${encodeURIComponent(at)}`);
    assert.equal((await asOf(new Date(Date.parse(received.at) - 1).toISOString())).status, 404);
    const last = timeline.entries.at(-1);
    const between = new Date((Date.parse(received.at) + Date.parse(last.at)) / 2).toISOString();
    assert.notEqual((await asOf(between)).body.status, 'completed');
    assert.equal((await asOf(last.at)).body.status, 'completed');
    // The same moment in another zone.
    const local = `${new Date(Date.parse(last.at) + 3_600_000).toISOString().slice(0, -1)}+01:00`;
    assert.equal((await asOf(local)).body.revision, last.revision);
  });

  it('refuses a cursor of another query, and goes on with its own', async () => {
    await Promise.all(['PAGE-1', 'PAGE-2', 'PAGE-3'].map((number) => place(demo, anOrder(number))));
    const page = await until(
      'two pages',
      () => demo.get('/api/v1/orders?limit=1'),
      ({ body }) => body.next !== undefined,
    );
    const next = encodeURIComponent(page.body.next);
    assert.equal((await demo.get(`/api/v1/orders?limit=2&cursor=${next}`)).status, 200);
    assert.equal((await demo.get(page.headers.get('link')?.match(/<(.*)>/)?.[1] ?? '')).status, 200);
    const other = await demo.get(`/api/v1/orders?status=completed&cursor=${next}`);
    assert.deepEqual([other.status, other.body.errors[0].parameter], [400, 'cursor']);
    const flipped = Buffer.from(page.body.next, 'base64url')
      .toString()
      .replace(/"[^"]*"\]$/, '"zzz"]');
    const tampered = await demo.get(`/api/v1/orders?cursor=${Buffer.from(flipped).toString('base64url')}`);
    assert.ok(tampered.status === 400 || tampered.body.items.every(({ partnerId }: { partnerId: string }) => partnerId === 'demo'));
  });
});
