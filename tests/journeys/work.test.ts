import assert from 'node:assert/strict';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { journeyHub, orderIn, place } from './journey.ts';

const TOLERANT = { HUB_BREAKER_FAILURES: '1000', HUB_BREAKER_MINIMUM_CALLS: '100000' };

describe('journey: what waits, and why', () => {
  const journey = journeyHub({ env: { ...TOLERANT, HUB_ERP_RETRY_DELAYS: '10ms,10s' } });
  const operator = () => journey.hub.client('operator');
  const demo = () => journey.hub.client('demo');
  afterEach(() => journey.hub.erp.behave(WELL_BEHAVED));
  const listed = async (query: string) => (await operator().get(`/api/v1/admin/work?${query}`)).body.items as any[];

  it('tells of each order in flight what it waits for, attempt n of N, when next, and why; and counts them by cause', async () => {
    await journey.hub.erp.behave({ failureRate: 1 });
    const failing = await Promise.all(['W-1', 'W-2'].map((number) => place(demo(), anOrder(number))));
    for (const orderId of failing)
      await until(
        'the second attempt failing',
        () => demo().get(`/api/v1/orders/${orderId}`),
        ({ body }) => body.health?.round?.attempt === 3,
      );
    const { health } = (await demo().get(`/api/v1/orders/${failing[0]}`)).body;
    assert.deepEqual([health.state, health.waitsFor, health.cause, health.round], ['waiting', 'erp', 'http-500', { attempt: 3, of: 3 }]);
    assert.ok(health.nextAt > health.since);
    const waiting = await until(
      'both being listed',
      () => listed('state=waiting&cause=http-500'),
      (items) => items.length === 2,
    );
    assert.deepEqual(waiting.map(({ orderNumber }): string => orderNumber).toSorted(), ['W-1', 'W-2']);
    assert.deepEqual(await listed('cause=http-500&olderThan=1h'), []);
    assert.deepEqual(await listed('cause=http-500&partnerId=nobody'), []);
    const first = (await operator().get('/api/v1/admin/work?limit=1')).body;
    const second = (await operator().get(`/api/v1/admin/work?limit=1&cursor=${first.next}`)).body;
    assert.notEqual(first.items[0].orderId, second.items[0].orderId);

    await operator().post('/api/v1/admin/breakers/erp/open', { reason: 'maintenance' });
    const counted = await until(
      'the breaker being the cause',
      async () => (await operator().get('/api/v1/admin/work/summary')).body,
      ({ items }) => items.some(({ cause }: { cause: string }) => cause === 'breaker-open:erp'),
    );
    const byBreaker = counted.items.find(({ cause }: { cause: string }) => cause === 'breaker-open:erp');
    assert.deepEqual([byBreaker.count, byBreaker.state, counted.complete], [2, 'waiting', true]);
    assert.ok(byBreaker.oldestAgeSeconds > 0);
    await operator().post('/api/v1/admin/breakers/erp/close', { reason: 'done' });
    for (const orderId of failing) assert.equal((await orderIn(demo(), orderId, 'stuck', 'completed')).orderId, orderId);
  });

  it('shows stuck orders with the dead letter to act on, and none that ended', async () => {
    const stuck = await until(
      'the stuck ones being listed',
      () => listed('state=stuck'),
      (items) => items.length === 2,
    );
    for (const { health, links } of stuck) {
      assert.deepEqual([health.state, health.waitsFor, health.cause], ['stuck', 'operator', 'erp:http-500']);
      assert.equal((await operator().get(links.deadLetter)).body.step, health.step);
    }
    await orderIn(demo(), await place(demo(), anOrder('W-3')), 'completed');
    // The list is a moment behind the order itself.
    await until(
      'the one that ended being left out',
      () => listed('state=moving,waiting,overdue,stuck&limit=200'),
      (all) => all.length >= 2 && all.every(({ orderNumber }) => orderNumber !== 'W-3'),
    );
  });
});
