import assert from 'node:assert/strict';
import {
  type PaymentPage,
  paymentPage,
  paymentTimeline,
  type PaymentTimeline,
  type PaymentView,
  paymentView,
} from '@sagahub/contracts/api/payment-views.ts';
import { seal } from '@sagahub/contracts/personal-data.ts';
import { FLOW_VIEWS } from '../flows.ts';
import { paymentsProjection } from '../projections/index.ts';
import { contextOf } from '../testing/context.ts';
import { received } from '../testing/order-story.ts';
import { approved, asked, failedAt, posted } from '../testing/payment-story.ts';
import { ask, type Asked, bodyOf, principal } from '../testing/requests.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { objectQuery } from './object-query.ts';
import { adminObjectsQuery, objectsQuery } from './objects-query.ts';
import { paymentFlowView } from './payment-view.ts';
import { timelineQuery } from './timeline-query.ts';
import { workQueries } from './work-query.ts';

const acme = principal('acme', 'payments:read');

describe('payments, read', () => {
  let site: Site;
  beforeEach(async () => {
    site = await openSite();
  });
  afterEach(() => site[Symbol.asyncDispose]());

  const tell = async (events: (id: string) => Parameters<Site['tell']>[1], partnerId = 'acme'): Promise<string> => {
    const id = newOrderId();
    return site.tell(id, events(id), partnerId, 'payment');
  };
  const get = (paymentId: string, asking: Asked = {}) =>
    ask(objectQuery(paymentFlowView, contextOf(site)), { as: acme, ...asking, params: { paymentId } });

  it('are found before they are projected, by their own partner alone, and by a scope of their own', async () => {
    const id = await tell((paymentId) => [posted(paymentId)]);
    const payment = bodyOf<PaymentView>(await get(id));
    assert.doesNotThrow(() => paymentView.strict().parse(payment));
    assert.deepEqual([payment.status, payment.links.cancel], ['pending', `/api/v1/payments/${id}/cancel`]);
    for (const as of [principal('other', 'payments:read'), principal('acme', 'orders:read')])
      await assert.rejects(get(id, { as }), { code: 'HUB_NOT_FOUND' });
    assert.equal((await get(id, { as: principal('hub', 'admin') })).status, 200);
  });

  it('open personal data to their partner, and keep it sealed for operators', async () => {
    const id = newOrderId();
    const personal = { method: { type: 'card', token: 'tok_1' }, payer: { name: 'Ada Keller' } };
    const sealed = await seal(site.keys, 'acme/C-1', `payment-${id}`, personal);
    await site.tell(id, [posted(id, {}, sealed), asked, approved()], 'acme', 'payment');
    const payment = bodyOf<PaymentView>(await get(id));
    assert.deepEqual([payment.method, payment.payer], [personal.method, { id: 'C-1', name: 'Ada Keller' }]);
    assert.equal(payment.links.refund, `/api/v1/payments/${id}/refund`);
    const seen = bodyOf<PaymentView>(await get(id, { as: principal('hub', 'admin') }));
    assert.deepEqual(
      [seen.method, seen.payer],
      [
        { type: 'card', sealed: true },
        { id: 'C-1', sealed: true },
      ],
    );
    const etag = (await get(id)).headers?.['etag'];
    assert.equal((await get(id, { headers: { 'if-none-match': etag ?? '' } })).status, 304);
  });

  it('are listed by status and reference, for the partner and for all', async () => {
    const projector = await site.project(paymentsProjection);
    const one = await tell((id) => [posted(id), asked, approved()]);
    await tell((id) => [posted(id)]);
    await tell((id) => [posted(id, { partnerId: 'other' })], 'other');
    await site.caughtUp(projector);
    const list = async (query: Record<string, string>, as = acme) =>
      bodyOf<PaymentPage>(await ask(objectsQuery(paymentFlowView, contextOf(site)), { as, query }));
    const all = await list({});
    assert.doesNotThrow(() => paymentPage.parse(all));
    assert.equal(all.items.length, 2);
    assert.deepEqual(
      (await list({ status: 'approved' })).items.map(({ paymentId }) => paymentId),
      [one],
    );
    assert.deepEqual(
      (await list({ paymentReference: `PAY-${one.slice(0, 8)}` })).items.map(({ processorRef }) => processorRef),
      ['T-1'],
    );
    const admin = await ask(adminObjectsQuery(paymentFlowView, contextOf(site)), { as: principal('hub', 'admin') });
    assert.equal(bodyOf<PaymentPage>(admin).items.length, 3);
  });

  it('tell what happened, with durations; as an event stream, while it happens', async () => {
    const id = await tell((paymentId) => [posted(paymentId), asked]);
    await site.clock.advance(200);
    await site.tell(id, [approved()], 'acme', 'payment');
    const timeline = bodyOf<PaymentTimeline>(
      await ask(timelineQuery(paymentFlowView, contextOf(site)), { as: acme, params: { paymentId: id } }),
    );
    assert.doesNotThrow(() => paymentTimeline.parse(timeline));
    assert.deepEqual(
      timeline.entries.map(({ title, durationMs }) => [title, durationMs]),
      [
        ['Payment received', undefined],
        ['To be sent to the processor', undefined],
        ['Payment approved', 200],
      ],
    );
    const answer = await ask(objectsQuery(paymentFlowView, contextOf(site)), { as: acme, headers: { accept: 'text/event-stream' } });
    const messages = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
    await messages.next();
    const next = messages.next();
    const orderId = newOrderId();
    await site.tell(orderId, [received(orderId)]);
    const paid = await tell((paymentId) => [posted(paymentId)]);
    const { value } = await next;
    assert.match(String(value), new RegExp(`event: payment\\n.*"paymentId":"${paid}".*"status":"pending"`));
    await messages.return?.();
  });

  it('are in the work list beside orders, with what they wait for', async () => {
    const projectors = [await site.project(), await site.project(paymentsProjection)];
    const orderId = newOrderId();
    await site.tell(orderId, [received(orderId)]);
    await site.clock.advance(1_000);
    const id = await tell((paymentId) => [posted(paymentId), asked, failedAt(1)]);
    await site.clock.advance(1_000);
    for (const projector of projectors) await site.caughtUp(projector);
    const [list, summary] = workQueries(FLOW_VIEWS, contextOf(site));
    const as = principal('hub', 'admin');
    interface Item {
      flow: string;
      objectId: string;
      orderId?: string;
      health: { waitsFor: string; cause: string };
    }
    const { items } = bodyOf<{ items: Item[] }>(await ask(list!, { as, query: { state: 'moving,waiting' } }));
    assert.deepEqual(
      items.map(({ flow, objectId, orderId: ofOrder, health }) => [flow, objectId, ofOrder, health.waitsFor, health.cause]),
      [
        ['order', orderId, orderId, 'hub', 'under-way'],
        ['payment', id, undefined, 'processor', 'http-503'],
      ],
    );
    const payments = bodyOf<{ items: Item[] }>(await ask(list!, { as, query: { flow: 'payment' } }));
    assert.deepEqual(
      payments.items.map(({ objectId }) => objectId),
      [id],
    );
    const counts = bodyOf<{ items: { flow: string; count: number }[] }>(await ask(summary!, { as }));
    assert.deepEqual(new Set(counts.items.map(({ flow, count }) => `${flow} ${count}`)), new Set(['order 1', 'payment 1']));
  });
});
