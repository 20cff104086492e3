import assert from 'node:assert/strict';
import {
  absent,
  approved,
  attemptFailed,
  AUTHORIZING,
  cancelled,
  compensationRetried,
  declined,
  exceeded,
  EXPIRES_AT,
  failed,
  HOUR_MS,
  MINUTE_MS,
  NOW_MS,
  paymentCancelled,
  paymentExpired,
  paymentRefunded,
  pendingAt,
  received,
  refund,
  requested,
  retried,
  reversalFailed,
  reversalRequested,
  reversed,
} from './testing/examples.ts';
import { flow, given } from './testing/spec.ts';

const DECIDED = { deciding: {} } as const;
const callback = { answeredBy: 'callback' } as const;
const approval = { kind: 'succeeded', reference: 'T-1', alreadyThere: false } as const;
const decline = { kind: 'refused', reason: 'insufficient-funds' } as const;
const called = (kind: 'cancelled' | 'failed') =>
  kind === 'cancelled'
    ? ({ kind, reference: 'T-1' } as const)
    : ({ kind, certainty: 'unknown', reason: 'no', nextAtMs: NOW_MS + 1_000 } as const);

describe('payment flow', () => {
  describe('to the processor', () => {
    it('is requested at once, with the clocks that count for it', () => {
      given(received).when(DECIDED).records(requested);
      given(...AUTHORIZING).waitsFor(
        { step: 'authorize', queue: 'outbound.payment-processor', attempt: 1, dueAtMs: NOW_MS },
        { step: 'authorize-overdue', dueAtMs: NOW_MS + 5 * MINUTE_MS },
        { step: 'authorize-expiry', dueAtMs: Date.parse(EXPIRES_AT) },
      );
    });

    it('asks for the authorisation with the token sealed beside it', () => {
      const { inDoubt, ...call } = flow.externalCall(given(...AUTHORIZING).state, 'authorize')!;
      assert.equal(inDoubt, undefined);
      assert.deepEqual(call, {
        step: 'authorize',
        connector: 'payment-processor',
        operation: 'submit',
        attempt: 1,
        attemptInRound: 1,
        objectId: 'payment-1',
        partnerId: 'acme',
        private: received.private,
        request: { paymentReference: 'PAY-10045', amount: '89.60', currency: 'EUR', methodType: 'card', orderNumber: 'PO-10045' },
      });
    });

    it('ends approved, once', () => {
      given(...AUTHORIZING)
        .when({ reporting: approval })
        .records(approved());
      given(...AUTHORIZING, approved())
        .when({ reporting: approval })
        .records();
      given(...AUTHORIZING, approved()).waitsFor();
    });

    it('ends declined with the word of the processor, once', () => {
      given(...AUTHORIZING)
        .when({ reporting: decline })
        .records(declined());
      given(...AUTHORIZING, declined())
        .when({ reporting: decline })
        .records();
      given(...AUTHORIZING, declined()).waitsFor();
    });

    it('says once that the processor decides later, and then asks by its reference', () => {
      const pending = { kind: 'pending', reference: 'T-1', nextAtMs: NOW_MS + 2_000 } as const;
      given(...AUTHORIZING)
        .when({ reporting: pending })
        .records(pendingAt('T-1'));
      const waiting = given(...AUTHORIZING, pendingAt('T-1'));
      waiting.when({ reporting: { ...pending, nextAtMs: NOW_MS + 9_000 } }).records();
      waiting.waitsFor({ step: 'authorize', attempt: 1, dueAtMs: NOW_MS + 2_000 }, {}, {});
      assert.equal(flow.externalCall(waiting.state, 'authorize')?.reference, 'T-1');
      waiting.when({ reporting: approval }).records(approved());
      waiting.when({ reporting: decline }).records(declined());
    });

    it('takes another attempt after a failure, and becomes a dead letter behind the last', () => {
      const failure = { kind: 'failed', certainty: 'unknown', reason: 'answered 503', status: 503, nextAtMs: NOW_MS + 1_000 } as const;
      given(...AUTHORIZING)
        .when({ reporting: failure })
        .records(attemptFailed(1, 'unknown'));
      given(...AUTHORIZING, attemptFailed(1, 'unknown')).waitsFor({ step: 'authorize', attempt: 2, dueAtMs: NOW_MS + 1_000 }, {}, {});
      const exhausted = { kind: 'exhausted', reason: 'answered 503', status: 503, inDoubt: false, deadLetterId: 'dead-6' } as const;
      given(...AUTHORIZING)
        .when({ reporting: exhausted, attempt: 6 })
        .records(failed());
      given(...AUTHORIZING, failed()).waitsFor({ step: 'operator:authorize' }, { step: 'authorize-expiry' });
      given(...AUTHORIZING, failed())
        .when({ commanding: { type: 'Redrive', by: 'operator', reason: 'it is back', deadLetterId: 'dead-6' } })
        .records(retried());
    });

    it('is flagged overdue, and nothing is undone by that', () => {
      const due = { deciding: {}, step: 'authorize-overdue', nowMs: NOW_MS + 5 * MINUTE_MS } as const;
      given(...AUTHORIZING)
        .when({ ...due, nowMs: due.nowMs - 1 })
        .waitsUntil(due.nowMs);
      given(...AUTHORIZING)
        .when(due)
        .records({ type: 'AuthorizationOverdueFlagged', data: { requestedAt: '2026-11-20T10:00:00.000Z' } });
    });
  });

  describe('callbacks', () => {
    it('count like the answer to the call, whichever comes first', () => {
      given(...AUTHORIZING)
        .when({ reporting: { ...approval, detail: callback } })
        .records(approved('T-1', callback));
      given(...AUTHORIZING, approved('T-1', callback))
        .when({ reporting: approval })
        .records();
      given(...AUTHORIZING, attemptFailed(1, 'unknown'))
        .when({ reporting: { ...decline, detail: callback } })
        .records(declined(callback));
      given(...AUTHORIZING, declined(callback))
        .when({ reporting: decline, attempt: 2 })
        .records();
    });

    it('free a stuck payment', () =>
      given(...AUTHORIZING, failed(6, true))
        .when({ reporting: { ...approval, detail: callback } })
        .records(approved('T-1', callback)));

    it('are outranked: a poll that was answered before the decline is nothing new', () =>
      given(...AUTHORIZING, pendingAt('T-1'), declined(callback))
        .when({ reporting: { kind: 'pending', reference: 'T-1', nextAtMs: NOW_MS } })
        .records());
  });

  describe('expiry', () => {
    const due = { deciding: {}, step: 'authorize-expiry', nowMs: NOW_MS + 24 * HOUR_MS } as const;

    it('takes back what the processor may have, and only then ends', () => {
      given(...AUTHORIZING)
        .when({ ...due, nowMs: due.nowMs - 1 })
        .waitsUntil(due.nowMs);
      given(...AUTHORIZING)
        .when(due)
        .records(exceeded, reversalRequested());
      given(...AUTHORIZING, pendingAt('T-1'))
        .when(due)
        .records(exceeded, reversalRequested('T-1'));
      given(...AUTHORIZING, exceeded, reversalRequested())
        .when({ reporting: { kind: 'absent' }, operation: 'cancel' })
        .records(absent, paymentExpired);
    });

    it('comes for a stuck payment too', () =>
      given(...AUTHORIZING, failed())
        .when(due)
        .records(exceeded, reversalRequested()));

    it('comes at once for one that nobody got to in time: it is not sent any more', () =>
      given(received)
        .when({ ...due, step: 'advance' })
        .records(paymentExpired));

    it('takes back an approval that comes after it', () => {
      const late = approved('T-1', { tooLate: true, ...callback });
      given(...AUTHORIZING, exceeded, reversalRequested(), absent, paymentExpired)
        .when({ reporting: { ...approval, detail: callback } })
        .records(late, reversalRequested('T-1'));
      const again = given(...AUTHORIZING, exceeded, reversalRequested(), absent, paymentExpired, late, reversalRequested('T-1'));
      assert.equal(flow.stateName(again.state), 'Expired');
      again.when({ reporting: called('cancelled'), operation: 'cancel', attempt: 2 }).records(reversed('T-1'));
      given(
        ...AUTHORIZING,
        exceeded,
        reversalRequested(),
        absent,
        paymentExpired,
        late,
        reversalRequested('T-1'),
        reversed('T-1'),
      ).waitsFor();
    });
  });

  describe('cancelling', () => {
    const cancel = { commanding: { type: 'Cancel', by: 'acme-shop', reason: 'changed their mind' } } as const;

    it('ends at once what cannot have been sent', () => given(received).when(cancel).records(cancelled, paymentCancelled));

    it('otherwise takes it back first, whatever comes in between', () => {
      given(...AUTHORIZING)
        .when(cancel)
        .records(cancelled, reversalRequested());
      const reversing = [...AUTHORIZING, cancelled, reversalRequested()];
      given(...reversing)
        .when({ reporting: { kind: 'absent' }, operation: 'cancel' })
        .records(absent, paymentCancelled);
      given(...reversing)
        .when({ reporting: approval })
        .records(approved('T-1', { tooLate: true }));
      given(...reversing, approved('T-1', { tooLate: true })).waitsFor({ step: 'reverse', attempt: 2 });
    });

    it('ends when the processor declines it meanwhile: that is the proof', () =>
      given(...AUTHORIZING, cancelled, reversalRequested())
        .when({ reporting: decline })
        .records(declined({ tooLate: true }), paymentCancelled));

    it('is refused with what to do instead, and is the same twice', () => {
      given(...AUTHORIZING, approved())
        .when(cancel)
        .isRefused('HUB_PAYMENT_APPROVED', /refund it/);
      given(...AUTHORIZING, declined())
        .when(cancel)
        .isRefused('HUB_PAYMENT_ENDED', /was declined/);
      given(...AUTHORIZING, cancelled)
        .when(cancel)
        .records();
      given(received, cancelled, paymentCancelled).when(cancel).records();
    });

    it('repeats what failed, and halts at what is refused', () => {
      const reversing = [...AUTHORIZING, pendingAt('T-1'), cancelled, reversalRequested('T-1')];
      given(...reversing)
        .when({ reporting: called('failed'), operation: 'cancel' })
        .records({ type: 'ReversalAttemptFailed', data: { attempt: 1, reason: 'no', nextAt: '2026-11-20T10:00:01.000Z' } });
      given(...reversing)
        .when({ reporting: { kind: 'refused', reason: 'settled already' }, operation: 'cancel' })
        .records(reversalFailed);
      given(...reversing, reversalFailed).waitsFor({ step: 'operator:reverse' });
      given(...reversing, reversalFailed)
        .when({ commanding: { type: 'Retry', by: 'operator', reason: 'allowed now' } })
        .records(compensationRetried);
      given(...reversing, reversalFailed, compensationRetried).waitsFor({ step: 'reverse', attempt: 2 });
    });
  });

  describe('refunding', () => {
    const wanted = { commanding: { type: 'Refund', by: 'acme-shop', reason: 'sent back' } } as const;

    it('gives back exactly what was approved', () => {
      given(...AUTHORIZING, approved())
        .when(wanted)
        .records(refund, reversalRequested('T-1'));
      given(...AUTHORIZING, approved(), refund, reversalRequested('T-1'))
        .when({ reporting: called('cancelled'), operation: 'cancel' })
        .records(reversed('T-1'), paymentRefunded);
    });

    it('is the same twice, and refused of what was never approved', () => {
      given(...AUTHORIZING, approved(), refund)
        .when(wanted)
        .records();
      given(...AUTHORIZING, approved(), refund, reversalRequested('T-1'), reversed('T-1'), paymentRefunded)
        .when(wanted)
        .records();
      given(...AUTHORIZING)
        .when(wanted)
        .isRefused('HUB_PAYMENT_NOT_APPROVED', /cancel it/);
      given(...AUTHORIZING, declined())
        .when(wanted)
        .isRefused('HUB_PAYMENT_ENDED', /nothing to refund/);
    });

    it('that the processor refuses leaves the payment approved, if an operator says so', () => {
      const halted = [...AUTHORIZING, approved(), refund, reversalRequested('T-1'), reversalFailed];
      const resolved = {
        type: 'ResolvedByHand',
        data: { processor: 'live', processorRef: 'T-1', by: 'op', reason: 'too old' },
      } as const;
      given(...halted)
        .when({ commanding: { type: 'Abandon', by: 'op', reason: 'too old' } })
        .records(resolved, approved('T-1', { answeredBy: 'by-hand' }));
      assert.equal(given(...halted, resolved).state.status, 'approved');
    });
  });

  describe('what the processor has twice', () => {
    const twice = [...AUTHORIZING, approved('T-1'), approved('T-2', { tooLate: true })];

    it('is taken back but for the one that stands, without a word to the partner', () => {
      given(...AUTHORIZING, approved('T-1'))
        .when({ reporting: { ...approval, reference: 'T-2' } })
        .records(approved('T-2', { tooLate: true }), reversalRequested('T-2'));
      const { state } = given(...twice, reversalRequested('T-2'));
      assert.equal(flow.stateName(state), 'Approved');
      assert.equal(given(...twice, reversalRequested('T-2'), reversed('T-2')).state.status, 'approved');
    });

    it('is all taken back by a refund meanwhile', () => {
      given(...twice, reversalRequested('T-2'), refund)
        .when({ reporting: { kind: 'cancelled', reference: 'T-2' }, operation: 'cancel' })
        .records(reversed('T-2'), reversalRequested('T-1'));
    });
  });

  describe('by hand', () => {
    const resolve = (processor: 'live' | 'absent' | 'cancelled', processorRef?: string) =>
      ({
        commanding: { type: 'ResolveByHand', processor, ...(processorRef !== undefined && { processorRef }), by: 'op', reason: 'looked' },
      }) as const;
    const resolved = (processor: 'live' | 'absent' | 'cancelled', processorRef?: string) =>
      ({
        type: 'ResolvedByHand',
        data: { processor, ...(processorRef !== undefined && { processorRef }), by: 'op', reason: 'looked' },
      }) as const;

    it('an approval that was seen there counts', () => {
      given(...AUTHORIZING, failed(1, true))
        .when(resolve('live', 'T-1'))
        .records(resolved('live', 'T-1'), approved('T-1', { answeredBy: 'by-hand' }));
      given(...AUTHORIZING, failed(1, true))
        .when(resolve('live'))
        .isRefused('HUB_VALIDATION');
    });

    it('and so does that it is gone, or never was there', () => {
      const halted = [...AUTHORIZING, cancelled, reversalRequested(), reversalFailed];
      given(...halted)
        .when(resolve('absent'))
        .records(resolved('absent'), { type: 'PaymentReversed', data: { proof: 'by-hand' } }, paymentCancelled);
      given(...AUTHORIZING, approved(), refund, reversalRequested('T-1'), reversalFailed)
        .when(resolve('absent'))
        .isRefused('HUB_NOT_RESOLVABLE', /name which.*T-1/);
    });

    it('gives up a stuck one, and takes back what the processor may have', () =>
      given(...AUTHORIZING, failed(6, true))
        .when({ commanding: { type: 'Compensate', by: 'op', reason: 'gone' } })
        .records({ type: 'CompensationRequested', data: { by: 'op', reason: 'gone' } }, reversalRequested()));
  });

  it('keeps the version that its first decision pinned', () => {
    const pinned = flow.evolve(given(received).state, { ...(requested as any), time: EXPIRES_AT, sagaVersion: 1 });
    assert.equal(flow.pinnedVersion(pinned), 1);
  });
});
