import assert from 'node:assert/strict';
import {
  attemptFailed,
  cancelRequested,
  cancelled,
  completed,
  HOUR_MS,
  MINUTE_MS,
  NOW_MS,
  POLICY,
  received,
  refused,
  rejectedAs,
  retried,
  sentToErp,
  started,
  stockReleased,
  submissionFailed,
  SUBMITTING,
  SUBMITTING_DISCOUNTED,
} from './testing/examples.ts';
import { at, flow, given, type Past } from './testing/spec.ts';

const FAILED = { kind: 'failed', reason: 'ERP answered 503', status: 503, nextAtMs: NOW_MS + 1_000 } as const;
const EXHAUSTED = { kind: 'exhausted', reason: 'ERP answered 503', status: 503, inDoubt: false, deadLetterId: 'dead-6' } as const;
const submitOf = (...past: readonly Past[]) => flow.externalCall(given(...past).state, 'erp-submit');

describe('order flow: calls to the ERP', () => {
  it('sends what the ERP contract asks for, amounts in minor digits, prices as they came, persons sealed', () =>
    assert.deepEqual(submitOf(...SUBMITTING_DISCOUNTED), {
      step: 'erp-submit',
      connector: 'erp',
      operation: 'submit',
      attempt: 1,
      attemptInRound: 1,
      objectId: 'order-1',
      partnerId: 'acme',
      request: {
        externalOrderId: 'order-1',
        orderNumber: 'PO-10045',
        partnerId: 'acme',
        currency: 'EUR',
        customerId: 'C-1001',
        items: [
          { lineNumber: 1, sku: 'BEARING', quantity: '3', unitPrice: '19.90' },
          { lineNumber: 2, sku: 'BEARING', quantity: '1', unitPrice: '19.90' },
          { lineNumber: 3, sku: 'GREASE', quantity: '2.5', unitPrice: '4' },
        ],
        subtotal: '89.60',
        discount: '8.96',
        total: '80.64',
      },
      private: { keyId: 'k1', nonce: 'n', sealed: 's' },
    }));

  it('wants no submission before it is requested, nor once it is cancelled or done', () => {
    assert.equal(submitOf(received), undefined);
    assert.equal(submitOf(...SUBMITTING, cancelled), undefined);
    assert.equal(submitOf(...SUBMITTING, sentToErp(), completed), undefined);
    assert.equal(submitOf(...SUBMITTING, submissionFailed()), undefined);
  });

  describe('attempts', () => {
    it('records that one was started, once', () => {
      given(...SUBMITTING)
        .when({ reporting: { kind: 'started' } })
        .records(started(1));
      given(...SUBMITTING, started(1))
        .when({ reporting: { kind: 'started' } })
        .records();
    });

    it('starts none that the order no longer wants, or that is not its turn', () => {
      given(...SUBMITTING, cancelled, cancelRequested())
        .when({ reporting: { kind: 'started' } })
        .records();
      given(...SUBMITTING, attemptFailed(1, 'not-done'))
        .when({ reporting: { kind: 'started' }, attempt: 1 })
        .records();
      given(...SUBMITTING)
        .when({ reporting: { kind: 'started' }, attempt: 2 })
        .records();
    });

    it('records a failure with the time of the next try, once per attempt', () => {
      given(...SUBMITTING)
        .when({ reporting: { ...FAILED, certainty: 'not-done' } })
        .records(attemptFailed(1, 'not-done'));
      given(...SUBMITTING, attemptFailed(1, 'not-done'))
        .when({ reporting: { ...FAILED, certainty: 'unknown' } })
        .records();
    });

    it('leaves an attempt that started and never ended in doubt', () =>
      assert.deepEqual(submitOf(...SUBMITTING, started(1))?.inDoubt, { attempt: 1, startedAtMs: NOW_MS }));

    it('leaves an attempt without a clear answer in doubt, from start to end', () =>
      assert.deepEqual(submitOf(...SUBMITTING, at(NOW_MS + 1_000, started(1)), at(NOW_MS + 31_000, attemptFailed(1, 'unknown')))?.inDoubt, {
        attempt: 1,
        startedAtMs: NOW_MS + 1_000,
        endedAtMs: NOW_MS + 31_000,
      }));

    it('takes an attempt’s doubt away with its outcome', () =>
      assert.equal(submitOf(...SUBMITTING, started(1), attemptFailed(1, 'not-done'))?.inDoubt, undefined));

    it('keeps the doubt about one attempt when a later one clearly failed', () =>
      assert.equal(submitOf(...SUBMITTING, attemptFailed(1, 'unknown'), attemptFailed(2, 'not-done'))?.inDoubt?.attempt, 1));

    it('counts on where it was, and within the round from one', () => {
      const call = submitOf(...SUBMITTING, submissionFailed(6), retried(6), attemptFailed(7, 'not-done'));
      assert.deepEqual([call?.attempt, call?.attemptInRound], [8, 2]);
    });
  });

  describe('success', () => {
    it('is recorded once, whoever reports it again', () =>
      given(...SUBMITTING, sentToErp(), completed)
        .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: true }, attempt: 2 })
        .records());

    it('is recorded although the attempt was given up as unknown before', () =>
      given(...SUBMITTING, attemptFailed(1, 'unknown'))
        .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: false }, attempt: 1 })
        .records(sentToErp(), completed));

    it('completes an order that was stuck already', () =>
      given(...SUBMITTING, submissionFailed(6, true))
        .when({ reporting: { kind: 'succeeded', reference: 'ERP-1', alreadyThere: true }, attempt: 6 })
        .records({ type: 'OrderSentToErp', data: { erpRef: 'ERP-1', attempt: 6, alreadyThere: true } }, completed));
  });

  describe('refusal', () => {
    it('rejects and undoes without asking the ERP when no attempt is in doubt', () =>
      given(...SUBMITTING, refused())
        .when({ deciding: { stock: { kind: 'released' } } })
        .records(stockReleased, rejectedAs('erp-refused', 'customer blocked', 'full')));

    it('is recorded with its reason, and the rest is left to the orchestration queue', () =>
      given(...SUBMITTING)
        .when({ reporting: { kind: 'refused', reason: 'customer blocked', status: 422 } })
        .records(refused()));

    it('ends the doubt about the attempt it answers', () =>
      given(...SUBMITTING, started(1), refused(1))
        .when({ deciding: { stock: { kind: 'released' } } })
        .records(stockReleased, rejectedAs('erp-refused', 'customer blocked', 'full')));

    it('is no proof about an earlier attempt in doubt: the ERP is asked to cancel', () =>
      given(...SUBMITTING, attemptFailed(1, 'unknown'))
        .when({ reporting: { kind: 'refused', reason: 'customer blocked', status: 422 }, attempt: 2 })
        .records(refused(2), cancelRequested()));

    it('of an order that is being undone changes nothing but the record', () =>
      given(...SUBMITTING, cancelled, cancelRequested())
        .when({ reporting: { kind: 'refused', reason: 'customer blocked', status: 422 } })
        .records(refused()));

    it('is not recorded twice', () =>
      given(...SUBMITTING, refused())
        .when({ reporting: { kind: 'refused', reason: 'customer blocked', status: 422 } })
        .records());
  });

  describe('dead letter', () => {
    it('leaves the order stuck, with what it reserved and one row for an operator', () => {
      const stuck = given(...SUBMITTING, submissionFailed());
      stuck.waitsFor({ step: 'operator:erp-submit', queue: 'operator', dueAtMs: Number.MAX_SAFE_INTEGER, sinceMs: NOW_MS });
      stuck.when({ deciding: {} }).records();
      assert.equal(flow.stateName(stuck.state), 'SendingToErp');
    });

    it('is recorded once, and only for an order that still waits', () => {
      given(...SUBMITTING)
        .when({ reporting: EXHAUSTED, attempt: 6 })
        .records(submissionFailed());
      given(...SUBMITTING, submissionFailed())
        .when({ reporting: EXHAUSTED, attempt: 6 })
        .records();
      given(...SUBMITTING, cancelled, cancelRequested())
        .when({ reporting: EXHAUSTED, attempt: 6 })
        .records();
    });

    it('keeps in mind that the last attempt may have been carried out', () => {
      const past = [...SUBMITTING, attemptFailed(5, 'unknown'), at(NOW_MS + 1_000, submissionFailed(6, true)), retried(6)];
      assert.deepEqual(submitOf(...past)?.inDoubt, { attempt: 6, startedAtMs: NOW_MS + 1_000, endedAtMs: NOW_MS + 1_000 });
    });

    it('is redriven as a new attempt at once, with fresh clocks', () =>
      given(...SUBMITTING, submissionFailed(), at(NOW_MS + 80 * HOUR_MS, retried())).waitsFor(
        { step: 'erp-submit', attempt: 7, dueAtMs: NOW_MS + 80 * HOUR_MS },
        { step: 'erp-overdue', dueAtMs: NOW_MS + 80 * HOUR_MS + POLICY.overdueAfterMs },
        { step: 'erp-deadline', dueAtMs: NOW_MS + 80 * HOUR_MS + POLICY.deadlineMs },
      ));
  });

  describe('overdue', () => {
    const OVERDUE = { type: 'ErpOverdueFlagged', data: { requestedAt: '2026-11-20T10:00:00.000Z' } } as const;

    it('is flagged after five minutes, and undoes nothing', () => {
      given(...SUBMITTING)
        .when({ deciding: {}, step: 'erp-overdue', nowMs: NOW_MS + 5 * MINUTE_MS })
        .records(OVERDUE);
      given(...SUBMITTING, OVERDUE).waitsFor({ step: 'erp-submit' }, { step: 'erp-deadline' });
    });

    it('is not flagged early, twice, or for an order that has moved on', () => {
      given(...SUBMITTING)
        .when({ deciding: {}, step: 'erp-overdue', nowMs: NOW_MS + 5 * MINUTE_MS - 1 })
        .waitsUntil(NOW_MS + 5 * MINUTE_MS);
      given(...SUBMITTING, OVERDUE)
        .when({ deciding: {}, step: 'erp-overdue', nowMs: NOW_MS + HOUR_MS })
        .records();
      given(...SUBMITTING, sentToErp(), completed)
        .when({ deciding: {}, step: 'erp-overdue', nowMs: NOW_MS + HOUR_MS })
        .records();
    });
  });

  describe('deadline', () => {
    const late = (hours: number, openHours: number) => ({
      deciding: { 'breaker-history': { openMs: openHours * HOUR_MS } },
      step: 'erp-deadline',
      nowMs: NOW_MS + hours * HOUR_MS,
    });

    /** Every attempt is made at its time; the last one is due when the deadline is. */
    const TRIED = [...SUBMITTING, attemptFailed(1, 'not-done', NOW_MS + 73 * HOUR_MS)];

    it('undoes an order the ERP never took, after asking how long its breaker was open', () => {
      given(...TRIED)
        .when({ ...late(72, 0), deciding: {} })
        .asks('breaker-history', { connector: 'erp', sinceMs: NOW_MS, untilMs: NOW_MS + 72 * HOUR_MS });
      given(...TRIED)
        .when(late(73, 1))
        .records({ type: 'ErpDeadlineExceeded', data: { waitedMs: 72 * HOUR_MS } }, cancelRequested());
    });

    it('stands still while the hub makes no attempts: being off for any time rejects nobody', () => {
      given(...SUBMITTING)
        .when(late(100, 0))
        .waitsUntil(NOW_MS + 172 * HOUR_MS);
      const back = at(NOW_MS + 100 * HOUR_MS, attemptFailed(1, 'not-done', NOW_MS + 200 * HOUR_MS));
      given(...SUBMITTING, back)
        .when(late(171, 0))
        .waitsUntil(NOW_MS + 172 * HOUR_MS);
      given(...SUBMITTING, back)
        .when(late(172, 0))
        .records({ type: 'ErpDeadlineExceeded', data: { waitedMs: 72 * HOUR_MS } }, cancelRequested());
    });

    it('counts an attempt that is merely slow', () => {
      const underWay = given(...SUBMITTING, attemptFailed(1, 'not-done', NOW_MS + 72 * HOUR_MS - 5 * MINUTE_MS));
      underWay.when(late(72, 0)).records({ type: 'ErpDeadlineExceeded', data: { waitedMs: 72 * HOUR_MS } }, cancelRequested());
    });

    it('stands still while the breaker is open: an outage of any length rejects nobody', () =>
      given(...SUBMITTING, attemptFailed(1, 'not-done', NOW_MS + 500 * HOUR_MS))
        .when(late(500, 490))
        .waitsUntil(NOW_MS + 562 * HOUR_MS));

    it('ends as rejected once the ERP is proven to hold nothing', () =>
      given(...SUBMITTING, { type: 'ErpDeadlineExceeded', data: { waitedMs: 1 } }, cancelRequested(), {
        type: 'ErpOrderCancelled',
        data: { proof: 'absent' },
      })
        .when({ deciding: { stock: { kind: 'released' } } })
        .records(stockReleased, rejectedAs('erp-deadline', undefined, 'full')));
  });
});
