import assert from 'node:assert/strict';
import {
  applied,
  attemptFailed,
  completed,
  HOUR_MS,
  ITEMS,
  MINUTE_MS,
  NOW_MS,
  POLICY,
  received,
  receivedWithDiscount,
  rejectedAs,
  requested,
  reserved,
  sentToErp,
  stockReleased,
  SUBMITTING,
  SUBMITTING_DISCOUNTED,
  validated,
  validatedWithDiscount,
} from './testing/examples.ts';
import { at, flow, given } from './testing/spec.ts';

const STOCK = { kind: 'reserved' } as const;
const RELEASED = { kind: 'released' } as const;

describe('order flow: forward', () => {
  it('reserves every SKU once, however many lines name it', () =>
    given(received)
      .when({ deciding: {} })
      .asks('stock', { kind: 'reserve', reservation: { holder: 'order-1', items: ITEMS } }));

  it('goes from receipt to the request to the ERP in one append', () =>
    given(received)
      .when({ deciding: { stock: STOCK } })
      .records(reserved, validated, requested));

  it('takes the discount off the subtotal, half up, before the ERP is asked', () =>
    given(receivedWithDiscount)
      .when({ deciding: { stock: STOCK, discount: { kind: 'applied', percent: '10' } } })
      .records(reserved, applied, validatedWithDiscount, requested));

  it('judges a discount by when the order was received, not by when it is looked at', () =>
    given(at(NOW_MS - HOUR_MS, receivedWithDiscount), reserved)
      .when({ deciding: {} })
      .asks('discount', { kind: 'redeem', redemption: { holder: 'order-1', code: 'WELCOME10', at: '2026-11-20T09:00:00.000Z' } }));

  it('picks up where a crash left it, without asking again for what is recorded', () =>
    given(receivedWithDiscount, reserved)
      .when({ deciding: { discount: { kind: 'applied', percent: '10' } } })
      .records(applied, validatedWithDiscount, requested));

  it('completes as soon as the ERP has the order', () =>
    given(...SUBMITTING)
      .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: false } })
      .records(sentToErp(), completed));

  it('charges the discounted total', () =>
    given(...SUBMITTING_DISCOUNTED)
      .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: false } })
      .records(sentToErp(), { type: 'OrderCompleted', data: { erpRef: 'ERP-1', total: '80.64' } }));

  it('completes after a crash between the ERP’s answer and the completion', () =>
    given(...SUBMITTING, sentToErp())
      .when({ deciding: {} })
      .records(completed));

  it('rejects for want of stock, naming what is missing, with nothing to undo', () =>
    given(received)
      .when({ deciding: { stock: { kind: 'rejected', shortages: [{ sku: 'GREASE', requested: '2.5', available: '1' }] } } })
      .records(
        { type: 'StockRejected', data: { shortages: [{ sku: 'GREASE', requested: '2.5', available: '1' }] } },
        rejectedAs('stock', 'GREASE: 2.5 requested, 1 available', 'none'),
      ));

  it('names three shortages and counts the rest', () => {
    const shortages = ['A', 'B', 'C', 'D', 'E'].map((sku) => ({ sku, requested: '1' }));
    given(received)
      .when({ deciding: { stock: { kind: 'rejected', shortages } } })
      .records(
        { type: 'StockRejected', data: { shortages } },
        rejectedAs(
          'stock',
          'A: 1 requested, unknown SKU, none available; B: 1 requested, unknown SKU, none available; C: 1 requested, unknown SKU, none available; and 2 more',
          'none',
        ),
      );
  });

  it('does not leave an order waiting whose reservation was released before it was made', () =>
    given(received)
      .when({ deciding: { stock: RELEASED } })
      .records({ type: 'StockRejected', data: { shortages: [] } }, rejectedAs('stock', 'released before it was reserved', 'none')));

  it('gives the stock back when the discount is refused', () =>
    given(receivedWithDiscount, reserved, { type: 'DiscountRejected', data: { code: 'WELCOME10', reason: 'expired' } })
      .when({ deciding: {} })
      .asks('stock', { kind: 'release', holder: 'order-1' }));

  it('rejects for the discount after the stock is back', () =>
    given(receivedWithDiscount, reserved, { type: 'DiscountRejected', data: { code: 'WELCOME10', reason: 'expired' } })
      .when({ deciding: { stock: RELEASED } })
      .records(stockReleased, rejectedAs('discount', 'expired', 'full')));

  it('does not leave an order waiting whose discount was released before it was redeemed', () =>
    given(receivedWithDiscount, reserved)
      .when({ deciding: { stock: RELEASED, discount: RELEASED } })
      .records(
        { type: 'DiscountRejected', data: { code: 'WELCOME10', reason: 'released' } },
        stockReleased,
        rejectedAs('discount', 'released', 'full'),
      ));

  it('waits for the ERP with its attempt, and for the two clocks that watch it', () =>
    given(...SUBMITTING).waitsFor(
      { step: 'erp-submit', queue: 'outbound.erp', attempt: 1, dueAtMs: NOW_MS },
      { step: 'erp-overdue', queue: 'orchestration.order', dueAtMs: NOW_MS + 5 * MINUTE_MS },
      { step: 'erp-deadline', queue: 'orchestration.order', dueAtMs: NOW_MS + 72 * HOUR_MS },
    ));

  it('waits for the next attempt until its time', () =>
    given(...SUBMITTING, attemptFailed(1, 'not-done', NOW_MS + 4_000)).waitsFor(
      { step: 'erp-submit', attempt: 2, dueAtMs: NOW_MS + 4_000 },
      { step: 'erp-overdue' },
      { step: 'erp-deadline' },
    ));

  it('waits for nothing once it is completed', () => given(...SUBMITTING, sentToErp(), completed).waitsFor());

  it('is first to be advanced, from the moment it was received', () =>
    given(received).waitsFor({ step: 'advance', queue: 'orchestration.order', attempt: 1, dueAtMs: NOW_MS, sinceMs: NOW_MS }));

  it('keeps the deadline it started with when the policy changes', () =>
    given(received, reserved, validated, { ...requested, data: { ...POLICY, deadlineMs: HOUR_MS } })
      .when({ deciding: {}, step: 'erp-deadline', nowMs: NOW_MS + MINUTE_MS })
      .waitsUntil(NOW_MS + HOUR_MS));

  it('pins the version of its first decision', () => {
    const pinned = flow.evolve(given(received).state, { ...(reserved as any), time: new Date(NOW_MS).toISOString(), sagaVersion: 1 });
    assert.equal(flow.pinnedVersion(pinned), 1);
    const later = flow.evolve(pinned, { ...(validated as any), time: new Date(NOW_MS).toISOString(), sagaVersion: 2 });
    assert.equal(flow.pinnedVersion(later), 1);
    assert.equal(flow.pinnedVersion(given(received).state), undefined);
  });

  it('names its states for people and metrics', () => {
    const names = [
      [received],
      [received, reserved],
      [receivedWithDiscount, reserved, applied],
      [received, reserved, validated],
      SUBMITTING,
      [...SUBMITTING, sentToErp()],
      [...SUBMITTING, sentToErp(), completed],
    ].map((past) => flow.stateName(given(...past).state));
    assert.deepEqual(names, ['Initiated', 'StockReserved', 'DiscountApplied', 'Validated', 'SendingToErp', 'SentToErp', 'Completed']);
  });
});
