import assert from 'node:assert/strict';
import { type OrderPage, orderPage } from '@sagahub/contracts/api/order-views.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import type { Projector } from '../projector.ts';
import { contextOf } from '../testing/context.ts';
import { completed, received, validated } from '../testing/order-story.ts';
import { ask, type Asked, bodyOf, principal } from '../testing/requests.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { adminObjectsQuery, objectsQuery } from './objects-query.ts';
import { orderFlowView } from './order-view.ts';

describe('GET /api/v1/orders', () => {
  let site: Site;
  let projector: Projector;
  let route: Route;
  let admin: Route;
  const place = async (orderNumber: string, partnerId = 'acme') => {
    const id = newOrderId();
    await site.tell(id, [received(id, { orderNumber, partnerId })], partnerId);
    await site.clock.advance(10);
    return id;
  };
  const page = async (query: Asked['query'], by = route, as = principal('acme', 'orders:read')): Promise<OrderPage> => {
    await site.caughtUp(projector);
    return bodyOf<OrderPage>(await ask(by, { as, query: query ?? {} }));
  };
  const numbers = ({ items }: OrderPage): readonly string[] => items.map(({ orderNumber }) => orderNumber);

  before(async () => {
    site = await openSite();
    projector = await site.project();
    route = objectsQuery(orderFlowView, contextOf(site));
    admin = adminObjectsQuery(orderFlowView, contextOf(site));
    for (let order = 1; order <= 7; order += 1) await place(`PO-${order}`);
    await place('PO-1', 'globex');
  });
  after(() => site[Symbol.asyncDispose]());

  it('shows each partner its own orders, newest first', async () => {
    const mine = await page({});
    assert.deepEqual(numbers(mine), ['PO-7', 'PO-6', 'PO-5', 'PO-4', 'PO-3', 'PO-2', 'PO-1']);
    assert.equal(mine.next, undefined);
    assert.doesNotThrow(() => orderPage.parse(mine));
    assert.deepEqual(
      (await page({ orderNumber: 'PO-1' }, route, principal('globex', 'orders:read'))).items.map(({ partnerId }) => partnerId),
      ['globex'],
    );
    assert.equal((await page({}, admin, principal('hub', 'admin'))).items.length, 8);
    assert.deepEqual(numbers(await page({ partnerId: 'globex' }, admin, principal('hub', 'admin'))), ['PO-1']);
  });

  it('pages through every order exactly once while others come in and move', async () => {
    const seen: string[] = [];
    const before = numbers(await page({}));
    let cursor: string | undefined;
    do {
      const { items, next } = await page({ limit: '2', ...(cursor && { cursor }) });
      seen.push(...items.map(({ orderNumber }) => orderNumber));
      cursor = next;
      await place(`NEW-${seen.length}`);
      await site.tell(items[0]!.orderId, validated);
    } while (cursor);
    assert.deepEqual(seen, before);
  });

  it('finds by status, number and time of receipt', async () => {
    const id = await place('FIND-1');
    const from = new Date(site.clock.now()).toISOString();
    await place('FIND-2');
    const to = new Date(site.clock.now()).toISOString();
    await place('FIND-3');
    await site.tell(id, [...validated, ...completed]);
    assert.deepEqual(numbers(await page({ status: 'completed' })), ['FIND-1']);
    assert.ok(numbers(await page({ status: 'completed,received' })).includes('FIND-3'));
    assert.deepEqual(numbers(await page({ orderNumber: 'FIND-3' })), ['FIND-3']);
    assert.deepEqual(numbers(await page({ receivedFrom: from, receivedTo: to })), ['FIND-2']);
    assert.deepEqual(numbers(await page({ receivedFrom: from, receivedTo: to.replace('Z', '+00:00') })), ['FIND-2']);
  });

  it('links to the next page with the same filters', async () => {
    await site.caughtUp(projector);
    const answer = await ask(route, { query: { limit: '2', status: 'received' } });
    const [, url = ''] = /^<([^>]+)>; rel="next"$/.exec(answer.headers?.['link'] ?? '') ?? [];
    const next = new URL(url, 'http://hub.test');
    assert.equal(next.searchParams.get('status'), 'received');
    assert.equal(next.searchParams.get('cursor'), bodyOf<OrderPage>(answer).next);
  });

  it('refuses what it does not know, and a cursor of another query or another caller', async () => {
    const refused = async (query: Asked['query'], parameter: string, as?: ReturnType<typeof principal>) =>
      assert.rejects(page(query, route, as), (error) => {
        assert.ok(error instanceof MalformedRequestError, String(error));
        assert.deepEqual(
          error.extensions.errors?.map((fault) => fault.parameter),
          [parameter],
        );
        return true;
      });
    await refused({ colour: 'red' }, 'colour');
    await refused({ status: 'done' }, 'status');
    await refused({ status: ['received', 'stuck'] }, 'status');
    await refused({ limit: '201' }, 'limit');
    await refused({ limit: '0' }, 'limit');
    await refused({ receivedFrom: '2026-11-20' }, 'receivedFrom');
    await refused({ cursor: 'bm90IGEgY3Vyc29y' }, 'cursor');
    const { next = '' } = await page({ limit: '2' });
    await refused({ cursor: next, status: 'received' }, 'cursor');
    await refused({ cursor: next }, 'cursor', principal('globex', 'orders:read'));
  });
});
