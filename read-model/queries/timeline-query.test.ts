import assert from 'node:assert/strict';
import { type TimelineView, timelineView } from '@sagahub/contracts/api/order-views.ts';
import { contextOf } from '../testing/context.ts';
import { completed, received, told, validated } from '../testing/order-story.ts';
import { ask, bodyOf } from '../testing/requests.ts';
import { newOrderId, openSite } from '../testing/site.ts';
import { timelineQuery } from './timeline-query.ts';
import { orderFlowView } from './order-view.ts';

describe('GET /api/v1/orders/{id}/timeline', () => {
  it('tells every step in words, with attempts, reasons and durations', async () => {
    await using site = await openSite();
    await site.project();
    const orderId = newOrderId();
    await site.tell(orderId, [received(orderId), ...validated]);
    await site.clock.advance(200);
    const nextAt = new Date(site.clock.now() + 1_000).toISOString();
    await site.tell(orderId, [told('ErpAttemptFailed', { attempt: 1, certainty: 'unknown', reason: 'timed out', nextAt })]);
    await site.clock.advance(1_500);
    await site.tell(orderId, completed);
    const answer = await ask(timelineQuery(orderFlowView, contextOf(site)), { params: { orderId } });
    const body = bodyOf<TimelineView>(answer);
    assert.doesNotThrow(() => timelineView.parse(body));
    assert.equal(body.status, 'completed');
    assert.deepEqual(
      body.entries.map(({ type, title, detail, attempt, durationMs }) => [type, title, detail, attempt, durationMs]),
      [
        ['OrderReceived', 'Order received', `PO-${orderId.slice(0, 8)}: 1 line, 20.00 EUR, over http`, undefined, undefined],
        ['StockReserved', 'Stock reserved', '2 × SKU-1', undefined, undefined],
        ['OrderValidated', 'Order checked', 'total 20.00 (20.00 less 0.00)', undefined, undefined],
        ['ErpSubmissionRequested', 'To be sent to the ERP', 'erp', undefined, undefined],
        ['ErpAttemptFailed', 'ERP did not take it', `timed out; it may have been done; again at ${nextAt}`, 1, 197],
        ['OrderSentToErp', 'ERP has it', 'E-1', 1, 1_697],
        ['OrderCompleted', 'Order completed', 'E-1, total 20.00', undefined, 1_701],
      ],
    );
  });

  it('tells of an undoing how long it took', async () => {
    await using site = await openSite();
    await site.project();
    const orderId = newOrderId();
    await site.tell(orderId, [received(orderId), ...validated]);
    await site.clock.advance(10);
    await site.tell(orderId, [told('CancellationRequested', { by: 'client:acme-shop', reason: 'changed my mind' })]);
    await site.clock.advance(300);
    await site.tell(orderId, [told('OrderCancelled', { reason: 'changed my mind', compensation: 'full' })]);
    const { entries } = bodyOf<TimelineView>(await ask(timelineQuery(orderFlowView, contextOf(site)), { params: { orderId } }));
    const { title, detail, durationMs } = entries.at(-1)!;
    assert.deepEqual([title, detail, durationMs], ['Order cancelled', 'changed my mind; undone: full', 300]);
    assert.equal(entries.at(-2)?.detail, 'by client:acme-shop: changed my mind');
  });
});
