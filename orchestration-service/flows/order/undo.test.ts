import assert from 'node:assert/strict';
import {
  absent,
  applied,
  attemptFailed,
  cancelFailed,
  cancelled,
  cancelRequested,
  compensationRetried,
  discountReleased,
  erpCancelled,
  NOW_MS,
  orderCancelled,
  received,
  receivedWithDiscount,
  refused,
  rejectedAs,
  reserved,
  sentToErp,
  completed,
  started,
  stockReleased,
  SUBMITTING,
  SUBMITTING_DISCOUNTED,
} from './testing/examples.ts';
import { at, flow, given, type Past } from './testing/spec.ts';

const RELEASED = { stock: { kind: 'released' }, discount: { kind: 'released' } } as const;
const CANCELLING = [...SUBMITTING, cancelled, cancelRequested()];
const FAILED = { kind: 'failed', certainty: 'unknown', reason: 'timeout', nextAtMs: NOW_MS + 2_000 } as const;
const attemptOfCancelFailed = (attempt: number) =>
  ({
    type: 'ErpCancellationAttemptFailed',
    data: { attempt, reason: 'timeout', nextAt: new Date(NOW_MS + 2_000).toISOString() },
  }) as const;
const cancelOf = (...past: readonly Past[]) => flow.externalCall(given(...past).state, 'erp-cancel');

describe('order flow: undoing', () => {
  describe('in reverse order', () => {
    it('the ERP comes first', () =>
      given(...SUBMITTING_DISCOUNTED, cancelled)
        .when({ deciding: RELEASED })
        .records(cancelRequested()));

    it('then the discount, then the stock, each with the data of the step it undoes', () =>
      given(...SUBMITTING_DISCOUNTED, cancelled, cancelRequested(), absent)
        .when({ deciding: RELEASED })
        .records(discountReleased, stockReleased, orderCancelled('full')));

    it('goes on where a crash left it', () =>
      given(...SUBMITTING_DISCOUNTED, cancelled, cancelRequested(), absent, discountReleased)
        .when({ deciding: RELEASED })
        .records(stockReleased, orderCancelled('full')));

    it('waits for the ERP before anything else is given back', () => {
      given(...CANCELLING)
        .when({ deciding: RELEASED })
        .records();
      given(...CANCELLING).waitsFor({ step: 'erp-cancel', queue: 'outbound.erp', attempt: 1, dueAtMs: NOW_MS });
    });
  });

  describe('what is merely in doubt', () => {
    it('a reservation that was asked and not recorded is released, without a record', () => {
      given(received, cancelled).when({ deciding: {} }).asks('stock', { kind: 'release', holder: 'order-1' });
      given(received, cancelled).when({ deciding: RELEASED }).records(orderCancelled('none'));
    });

    it('so is a redemption', () => {
      given(receivedWithDiscount, reserved, cancelled).when({ deciding: {} }).asks('discount', { kind: 'release', holder: 'order-1' });
      given(receivedWithDiscount, reserved, cancelled).when({ deciding: RELEASED }).records(stockReleased, orderCancelled('full'));
    });

    it('and both, when one append was to record them', () =>
      given(receivedWithDiscount, cancelled)
        .when({ deciding: { discount: RELEASED.discount } })
        .asks('stock', { kind: 'release', holder: 'order-1' }));

    it('a discount that was recorded is released with a record before the ERP was ever asked', () =>
      given(receivedWithDiscount, reserved, applied, cancelled)
        .when({ deciding: RELEASED })
        .records(discountReleased, stockReleased, orderCancelled('full')));
  });

  describe('at the ERP', () => {
    it('cancels by reference when the ERP had it, even between its answer and the completion', () =>
      given(...SUBMITTING, sentToErp(), cancelled)
        .when({ deciding: RELEASED })
        .records(cancelRequested('ERP-1')));

    it('tells the worker what is known: the reference, the doubt, and since when nothing new can start', () => {
      assert.deepEqual(cancelOf(...SUBMITTING, sentToErp(), cancelled, at(NOW_MS + 5, cancelRequested('ERP-1'))), {
        step: 'erp-cancel',
        connector: 'erp',
        operation: 'cancel',
        attempt: 1,
        attemptInRound: 1,
        objectId: 'order-1',
        partnerId: 'acme',
        reference: 'ERP-1',
        request: { requestedAtMs: NOW_MS + 5 },
        private: { keyId: 'k1', nonce: 'n', sealed: 's' },
      });
      const unsure = cancelOf(...SUBMITTING, started(1), cancelled, cancelRequested());
      assert.equal(unsure?.reference, undefined);
      assert.deepEqual(unsure?.inDoubt, { attempt: 1, startedAtMs: NOW_MS });
    });

    it('takes a confirmed cancellation, of whatever the look-up found', () =>
      given(...CANCELLING)
        .when({ operation: 'cancel', reporting: { kind: 'cancelled', reference: 'ERP-7' } })
        .records(erpCancelled('ERP-7')));

    it('takes the proof that there is nothing', () =>
      given(...CANCELLING)
        .when({ operation: 'cancel', reporting: { kind: 'absent' } })
        .records(absent));

    it('tries again after a failure, at the time it was told', () => {
      given(...CANCELLING)
        .when({ operation: 'cancel', reporting: FAILED })
        .records(attemptOfCancelFailed(1));
      given(...CANCELLING, attemptOfCancelFailed(1)).waitsFor({ step: 'erp-cancel', attempt: 2, dueAtMs: NOW_MS + 2_000 });
    });

    it('records each outcome of each attempt once', () => {
      given(...CANCELLING, attemptOfCancelFailed(1))
        .when({ operation: 'cancel', reporting: FAILED })
        .records();
      given(...CANCELLING, erpCancelled('ERP-7'))
        .when({ operation: 'cancel', reporting: { kind: 'cancelled', reference: 'ERP-7' } })
        .records();
      given(...CANCELLING, absent)
        .when({ operation: 'cancel', reporting: { kind: 'absent' } })
        .records();
    });

    it('is never submitted again once its cancellation was requested', () => {
      const past = [...CANCELLING, attemptFailed(1, 'not-done')];
      assert.equal(flow.externalCall(given(...past).state, 'erp-submit'), undefined);
      given(...past).ignores({ type: 'ErpSubmissionRetried', data: { deadLetterId: 'd', by: 'operator', reason: 'r' } });
      given(...past).waitsFor({ step: 'erp-cancel' });
    });
  });

  describe('what cannot be undone', () => {
    const HALTED = [...CANCELLING, cancelFailed];

    it('halts the chain: what the ERP holds keeps its stock', () => {
      for (const kind of ['refused', 'exhausted'] as const)
        given(...CANCELLING)
          .when({ operation: 'cancel', reporting: { kind, reason: 'already shipped', inDoubt: false, deadLetterId: 'd' } })
          .records(cancelFailed);
      given(...HALTED)
        .when({ deciding: RELEASED })
        .records();
      given(...HALTED).waitsFor({ step: 'operator:erp-cancel', queue: 'operator', dueAtMs: Number.MAX_SAFE_INTEGER });
      assert.equal(flow.stateName(given(...HALTED).state), 'Compensating');
    });

    it('is tried again when an operator says so, in a new round', () => {
      given(...HALTED, at(NOW_MS + 9, compensationRetried)).waitsFor({ step: 'erp-cancel', attempt: 2, dueAtMs: NOW_MS + 9 });
      assert.equal(cancelOf(...HALTED, compensationRetried)?.attemptInRound, 1);
    });

    it('goes on by itself when the ERP confirms after all', () =>
      given(...HALTED)
        .when({ operation: 'cancel', reporting: { kind: 'cancelled', reference: 'ERP-1' } })
        .records(erpCancelled('ERP-1')));

    it('goes on by itself with a reference that comes to light', () => {
      given(...HALTED, sentToErp('ERP-1')).waitsFor({ step: 'erp-cancel', attempt: 3 });
      const call = cancelOf(...HALTED, sentToErp('ERP-1'));
      assert.deepEqual([call?.reference, call?.attemptInRound], ['ERP-1', 2]);
    });
  });

  describe('late effects', () => {
    const REJECTED = [...SUBMITTING, refused(), stockReleased, rejectedAs('erp-refused', 'customer blocked', 'full')];
    const CANCELLED = [...CANCELLING, absent, stockReleased, orderCancelled('full')];

    it('reopen an order that had ended, to be cancelled', () => {
      for (const past of [REJECTED, CANCELLED])
        given(...past)
          .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: false }, attempt: 1 })
          .records(sentToErp(), cancelRequested('ERP-1'));
    });

    it('end it the same way again, without giving anything back twice', () => {
      given(...REJECTED, sentToErp(), cancelRequested('ERP-1'), erpCancelled('ERP-1'))
        .when({ deciding: RELEASED })
        .records(rejectedAs('erp-refused', 'customer blocked', 'full'));
      given(...CANCELLED, sentToErp(), cancelRequested('ERP-1'), erpCancelled('ERP-1'))
        .when({ deciding: RELEASED })
        .records(orderCancelled('full'));
    });

    it('that the cancellation found first are undone already: the order ends again at once', () => {
      const past = [...CANCELLING, erpCancelled('ERP-1'), stockReleased, orderCancelled('full')];
      given(...past)
        .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: false } })
        .records(sentToErp(), orderCancelled('full'));
    });

    it('tell a cancellation under way what to cancel, as a new attempt', () => {
      given(...CANCELLING)
        .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: false } })
        .records(sentToErp());
      const call = cancelOf(...CANCELLING, sentToErp());
      assert.deepEqual([call?.attempt, call?.reference], [2, 'ERP-1']);
    });

    it('are not explained away by a look-up that ran before them', () =>
      given(...CANCELLING, sentToErp())
        .when({ operation: 'cancel', attempt: 1, reporting: { kind: 'absent' } })
        .records());

    it('are all cancelled, one after the other', () => {
      const two = [...SUBMITTING, sentToErp('ERP-1'), cancelled, cancelRequested('ERP-1'), sentToErp('ERP-2', 2)];
      given(...two)
        .when({ operation: 'cancel', reporting: { kind: 'cancelled', reference: 'ERP-1' } })
        .records(erpCancelled('ERP-1'), cancelRequested('ERP-2'));
      given(...two, erpCancelled('ERP-1'), cancelRequested('ERP-2'), erpCancelled('ERP-2'))
        .when({ deciding: RELEASED })
        .records(stockReleased, orderCancelled('full'));
    });
  });

  it('a late confirmation sets a halted chain going, also when there is more to cancel', () => {
    const halted = [...SUBMITTING, sentToErp('ERP-1'), cancelled, cancelRequested('ERP-1'), sentToErp('ERP-2', 2), cancelFailed];
    given(...halted, erpCancelled('ERP-2')).waitsFor({ step: 'erp-cancel', queue: 'outbound.erp', attempt: 2 });
    assert.equal(cancelOf(...halted, erpCancelled('ERP-2'))?.reference, 'ERP-1');
  });

  describe('a second order at the ERP after completion', () => {
    const DOUBLED = [...SUBMITTING, sentToErp('ERP-1'), completed, sentToErp('ERP-2', 2)];
    const operator = { type: 'CompensationRequested', data: { by: 'operator', reason: 'doubled' } } as const;

    it('surfaces as stuck; the order stands', () => {
      given(...DOUBLED).waitsFor({ step: 'operator:erp-surplus', queue: 'operator' });
      assert.equal(flow.stateName(given(...DOUBLED).state), 'Completed');
    });

    it('surfaces too when it comes before the completion', () =>
      given(...SUBMITTING, sentToErp('ERP-1'), sentToErp('ERP-2', 2), completed).waitsFor({ step: 'operator:erp-surplus' }));

    it('is cancelled when an operator says so, and the stock of the order is kept', () => {
      given(...DOUBLED, operator)
        .when({ deciding: RELEASED })
        .records(cancelRequested('ERP-2'));
      given(...DOUBLED, operator, cancelRequested('ERP-2'), erpCancelled('ERP-2'))
        .when({ deciding: RELEASED })
        .records(completed);
      given(...DOUBLED, operator, cancelRequested('ERP-2'), erpCancelled('ERP-2'), completed).waitsFor();
    });
  });
});
