import assert from 'node:assert/strict';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import type { OrderView } from '@sagahub/contracts/api/order-views.ts';
import { orderView } from '@sagahub/contracts/api/order-views.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, NotFoundError } from '@sagahub/contracts/errors.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import { seal, subjectOf } from '@sagahub/contracts/personal-data.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { BreakerDocument } from '../projections/breaker.ts';
import { contextOf } from '../testing/context.ts';
import { attemptFailed, completed, received, validated } from '../testing/order-story.ts';
import { ask, type Asked, bodyOf, principal } from '../testing/requests.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { objectQuery } from './object-query.ts';
import type { QueryContext } from './query-context.ts';
import { orderFlowView } from './order-view.ts';

const PERSONAL = { buyer: { name: 'Ada Keller', email: 'ada@example.test' }, shipTo: { city: 'Lyon', country: 'FR' }, note: 'rear bay' };

describe('GET /api/v1/orders/{id}', () => {
  let site: Site;
  let route: Route;
  const routeWith = (overrides: Partial<QueryContext>): Route => objectQuery(orderFlowView, contextOf(site, overrides));
  const get = (orderId: string, asked: Asked = {}, by = route) => ask(by, { params: { orderId }, ...asked });
  const place = async () => {
    const id = newOrderId();
    const sealed = await seal(site.keys, subjectOf('acme', id), orderStream(id), PERSONAL);
    return site.tell(id, [received(id, { buyerId: id }, sealed)]);
  };

  before(async () => {
    site = await openSite();
    await site.project(undefined, { windowMs: 3_600_000 }); // after the first batch nothing is projected any more
    const first = await place();
    await eventually('the first batch being projected', async () => (await site.documents.get('orders', first)) !== undefined);
    route = routeWith({});
  });
  after(() => site[Symbol.asyncDispose]());

  it('shows an order as soon as it is in the log, before any projection, and never behind it', async () => {
    const id = await place();
    assert.equal(await site.documents.get('orders', id), undefined);
    const answer = await get(id);
    assert.equal(answer.status, 200);
    const order = bodyOf<OrderView>(answer);
    assert.deepEqual(
      [order.status, order.revision, order.buyer, order.shipTo, order.note],
      ['received', 0, { id, ...PERSONAL.buyer }, PERSONAL.shipTo, 'rear bay'],
    );
    assert.doesNotThrow(() => orderView.parse(order));
    await site.tell(id, [...validated, ...completed]);
    assert.equal(bodyOf<OrderView>(await get(id)).status, 'completed');
  });

  it('is 404 for another partner and for nobody told apart from an order that does not exist', async () => {
    const id = await place();
    const stranger = { as: principal('globex', 'orders:read', 'orders:write') };
    await assert.rejects(get(id, stranger), new NotFoundError(`order ${id}`));
    const unknown = newOrderId();
    await assert.rejects(get(unknown, stranger), new NotFoundError(`order ${unknown}`));
    await assert.rejects(get('../hub', stranger), NotFoundError);
  });

  it('is read by auditors and operators with personal data sealed, and opened for audit:personal', async () => {
    const id = await place();
    for (const scope of ['admin', 'audit:read'] as const) {
      const { buyer, shipTo } = bodyOf<OrderView>(await get(id, { as: principal('hub', scope) }));
      assert.deepEqual([buyer, shipTo], [{ id, sealed: true }, { sealed: true }]);
    }
    const opened = await get(id, { as: principal('hub', 'audit:read', 'audit:personal') });
    assert.equal(bodyOf<OrderView>(opened).buyer.name, 'Ada Keller');
    assert.doesNotMatch(JSON.stringify(await get(id, { as: principal('hub', 'audit:read') })), /Keller/);
  });

  it('shows a person that was erased as erased, under another ETag', async () => {
    const id = await place();
    const before = await get(id);
    await site.keys.eraseSubject(subjectOf('acme', id));
    const after = await get(id);
    assert.deepEqual(bodyOf<OrderView>(after).buyer, { id, erased: true });
    assert.notEqual(after.headers?.['etag'], before.headers?.['etag']);
  });

  it('answers 304 until the order moves', async () => {
    const id = await place();
    const etag = (await get(id)).headers?.['etag'] ?? '';
    assert.equal(etag, '"0-0"');
    const same = await get(id, { headers: { 'if-none-match': `"9-9", W/${etag}` } });
    assert.deepEqual([same.status, same.body, same.headers?.['etag']], [304, undefined, etag]);
    await site.tell(id, validated);
    const moved = await get(id, { headers: { 'if-none-match': etag } });
    assert.deepEqual([moved.status, moved.headers?.['etag']], [200, '"3-0"']);
  });

  it('shows the order as it was at a time, and behind a revision', async () => {
    const id = await place();
    const then = new Date(site.clock.now()).toISOString();
    await site.clock.advance(1_000);
    await site.tell(id, [...validated, ...completed]);
    assert.equal(bodyOf<OrderView>(await get(id, { query: { at: then } })).status, 'received');
    assert.equal(bodyOf<OrderView>(await get(id, { query: { revision: '3' } })).status, 'waiting');
    await assert.rejects(get(id, { query: { at: '2020-01-01T00:00:00Z' } }), NotFoundError);
    await assert.rejects(get(id, { query: { at: 'yesterday', foo: '1' } }), (error) => {
      assert.ok(error instanceof MalformedRequestError);
      assert.deepEqual(
        error.extensions.errors?.map(({ parameter, code }) => [parameter, code]),
        [
          ['foo', 'unknown-parameter'],
          ['at', 'invalid-parameter'],
        ],
      );
      return true;
    });
  });

  it('waits with Prefer: wait until the order has settled, at most as long as allowed', async () => {
    const id = await place();
    const waits: number[] = [];
    const settled: QueryContext['runtime']['settled'] = async (stream, timeoutMs) => {
      assert.equal(stream, orderStream(id));
      waits.push(timeoutMs);
      await site.tell(id, [...validated, ...completed]);
      return undefined as unknown as Folded;
    };
    const answer = await get(id, { headers: { prefer: 'respond-async, wait=120' } }, routeWith({ runtime: { settled } }));
    assert.deepEqual([bodyOf<OrderView>(answer).status, waits], ['completed', [30_000]]);
    assert.equal(answer.headers?.['preference-applied'], 'wait=30');
    assert.match(answer.headers?.['vary'] ?? '', /Prefer/);
  });

  it('says while the breaker is open that nothing is tried, since when and why', async () => {
    const id = await place();
    await site.tell(id, [...validated, attemptFailed(1)]);
    const breaker: BreakerDocument = {
      connector: 'erp',
      state: 'open',
      since: '2026-11-20T09:00:00.000Z',
      cause: '401 from the ERP',
      by: 'connector:erp',
      probeAt: '2026-11-20T11:00:00.000Z',
      history: [],
    };
    const open = routeWith({ openBreakers: () => Promise.resolve(new Map([['erp', breaker]])) });
    const { waiting } = bodyOf<OrderView>(await get(id, {}, open));
    assert.deepEqual(waiting, {
      for: 'erp',
      since: waiting?.since,
      attempt: 2,
      nextAt: '2026-11-20T11:00:00.000Z',
      reason: 'nothing is sent to erp since 2026-11-20T09:00:00.000Z: 401 from the ERP',
    });
    assert.equal(bodyOf<OrderView>(await get(id)).waiting?.reason, 'the ERP answered 503');
    assert.notEqual((await get(id, {}, open)).headers?.['etag'], (await get(id)).headers?.['etag']);
  });

  it('links to what can be done', async () => {
    const id = await place();
    assert.equal(bodyOf<OrderView>(await get(id)).links.cancel, `/api/v1/orders/${id}/cancel`);
    await site.tell(id, [...validated, ...completed]);
    assert.deepEqual(bodyOf<OrderView>(await get(id)).links, { self: `/api/v1/orders/${id}`, timeline: `/api/v1/orders/${id}/timeline` });
  });
});
