import {
  absent,
  cancelFailed,
  cancelled,
  cancelRequested,
  compensationRetried,
  completed,
  ITEMS,
  orderCancelled,
  received,
  refused,
  rejectedAs,
  reserved,
  retried,
  sentToErp,
  stockReleased,
  submissionFailed,
  SUBMITTING,
} from './testing/examples.ts';
import { given } from './testing/spec.ts';

const CANCEL = { type: 'Cancel', by: 'acme-shop', reason: 'no longer wanted' } as const;
const REDRIVE = { type: 'Redrive', by: 'operator', reason: 'ERP is back', deadLetterId: 'dead-6' } as const;
const COMPENSATE = { type: 'Compensate', by: 'operator', reason: 'given up' } as const;
const RETRY = { type: 'RetryCompensation', by: 'operator', reason: 'recalled' } as const;
const ABANDON = { type: 'Abandon', by: 'operator', reason: 'shipped' } as const;
const RESUBMIT = { type: 'Resubmit', newOrderId: 'order-2', fingerprint: 'f2', by: 'acme-shop' } as const;

const COMPLETED = [...SUBMITTING, sentToErp(), completed];
const DOUBLED = [...COMPLETED, sentToErp('ERP-2', 2)];
const STUCK = [...SUBMITTING, submissionFailed()];
const CANCELLING = [...SUBMITTING, cancelled, cancelRequested()];
const HALTED = [...CANCELLING, cancelFailed];
const CANCELLED = [...CANCELLING, absent, stockReleased, orderCancelled('full')];
const REJECTED = [...SUBMITTING, refused(), stockReleased, rejectedAs('erp-refused', 'customer blocked', 'full')];
const compensationRequested = { type: 'CompensationRequested', data: { by: 'operator', reason: 'given up' } } as const;

describe('order flow: commands', () => {
  it('know nothing of an order that does not exist', () => given().when({ commanding: CANCEL }).isRefused('HUB_NOT_FOUND'));

  describe('cancelling', () => {
    it('is taken at every point before completion', () => {
      given(received).when({ commanding: CANCEL }).records(cancelled);
      given(received, reserved).when({ commanding: CANCEL }).records(cancelled);
      given(...STUCK)
        .when({ commanding: CANCEL })
        .records(cancelled, cancelRequested());
      given(...SUBMITTING, sentToErp())
        .when({ commanding: CANCEL })
        .records(cancelled, cancelRequested('ERP-1'));
    });

    it('asks the ERP although no attempt is known: one may be in flight', () =>
      given(...SUBMITTING)
        .when({ commanding: CANCEL })
        .records(cancelled, cancelRequested()));

    it('is refused after completion', () => {
      for (const past of [COMPLETED, DOUBLED, [...DOUBLED, compensationRequested, cancelRequested('ERP-2')]])
        given(...past)
          .when({ commanding: CANCEL })
          .isRefused('HUB_ORDER_COMPLETED');
    });

    it('is refused for an order that was rejected', () =>
      given(...REJECTED)
        .when({ commanding: CANCEL })
        .isRefused('HUB_ORDER_ENDED'));

    it('changes nothing when the order is cancelled or being undone already', () => {
      for (const past of [CANCELLING, HALTED, CANCELLED])
        given(...past)
          .when({ commanding: CANCEL })
          .records();
    });
  });

  describe('redriving', () => {
    it('is a new attempt on the same order', () =>
      given(...STUCK)
        .when({ commanding: REDRIVE })
        .records(retried()));

    it('of a dead letter that is no longer current says so', () => {
      given(...STUCK, retried())
        .when({ commanding: REDRIVE })
        .isRefused('HUB_DEAD_LETTER_RESOLVED', /skipped: the order has moved on/);
      given(...STUCK)
        .when({ commanding: { ...REDRIVE, deadLetterId: 'another' } })
        .isRefused('HUB_DEAD_LETTER_RESOLVED');
    });

    it('after the order ended is skipped', () => {
      for (const past of [COMPLETED, REJECTED, CANCELLED])
        given(...past)
          .when({ commanding: REDRIVE })
          .isRefused('HUB_DEAD_LETTER_RESOLVED', /skipped: order ended/);
    });
  });

  describe('compensating', () => {
    it('is the other way out of a dead letter', () =>
      given(...STUCK)
        .when({ commanding: { ...COMPENSATE, deadLetterId: 'dead-6' } })
        .records({ ...compensationRequested, data: { ...compensationRequested.data, deadLetterId: 'dead-6' } }, cancelRequested()));

    it('ends as a rejection by the operator', () =>
      given(...STUCK, compensationRequested, cancelRequested(), absent)
        .when({ deciding: { stock: { kind: 'released' } } })
        .records(stockReleased, rejectedAs('operator', 'given up', 'full')));

    it('of a dead letter that is no longer current says so', () =>
      given(...STUCK, retried())
        .when({ commanding: { ...COMPENSATE, deadLetterId: 'dead-6' } })
        .isRefused('HUB_DEAD_LETTER_RESOLVED'));

    it('is refused after the order ended', () => {
      given(...COMPLETED)
        .when({ commanding: COMPENSATE })
        .isRefused('HUB_ORDER_COMPLETED');
      for (const past of [REJECTED, CANCELLED])
        given(...past)
          .when({ commanding: COMPENSATE })
          .isRefused('HUB_ORDER_ENDED');
    });

    it('changes nothing while it is under way, and tries again where it was halted', () => {
      given(...CANCELLING)
        .when({ commanding: COMPENSATE })
        .records();
      given(...HALTED)
        .when({ commanding: { ...COMPENSATE, reason: 'recalled' } })
        .records(compensationRetried);
    });

    it('is retried only where it was halted', () => {
      given(...HALTED)
        .when({ commanding: RETRY })
        .records(compensationRetried);
      given(...CANCELLING)
        .when({ commanding: RETRY })
        .records();
      given(...COMPLETED)
        .when({ commanding: RETRY })
        .isRefused('HUB_COMPENSATION_NOT_HALTED');
    });
  });

  describe('abandoning what cannot be undone', () => {
    it('ends the order as partial; what is held for the ERP stays held', () =>
      given(...HALTED)
        .when({ commanding: ABANDON })
        .records({
          type: 'OrderCancelled',
          data: {
            reason: 'no longer wanted',
            compensation: 'partial',
            // It may be at the ERP: nobody could tell.
            handover: { undone: [], notUndone: [{ of: 'erp' }, { of: 'stock', items: ITEMS }] },
          },
        }));

    it('is refused unless something was halted', () =>
      given(...CANCELLING)
        .when({ commanding: ABANDON })
        .isRefused('HUB_COMPENSATION_NOT_HALTED'));

    it('is no way to leave a second order at the ERP', () =>
      given(...DOUBLED, compensationRequested, cancelRequested('ERP-2'), cancelFailed)
        .when({ commanding: ABANDON })
        .isRefused('HUB_ORDER_COMPLETED'));
  });

  describe('resubmitting', () => {
    const resubmitted = { type: 'OrderResubmitted', data: { newOrderId: 'order-2', fingerprint: 'f2', by: 'acme-shop' } } as const;

    it('is open to an order that ended and was undone', () => {
      for (const past of [REJECTED, CANCELLED])
        given(...past)
          .when({ commanding: RESUBMIT })
          .records(resubmitted);
    });

    it('repeated is the same; with other content it is refused', () => {
      given(...REJECTED, resubmitted)
        .when({ commanding: RESUBMIT })
        .records();
      given(...REJECTED, resubmitted)
        .when({ commanding: { ...RESUBMIT, fingerprint: 'f3' } })
        .isRefused('HUB_ORDER_RESUBMITTED', /order-2/);
    });

    it('is remembered when a late effect reopens the old order', () =>
      given(...REJECTED, resubmitted, sentToErp())
        .when({ commanding: RESUBMIT })
        .records());

    it('is refused while the order is in flight, completed, or undone only in part', () => {
      given(...SUBMITTING)
        .when({ commanding: RESUBMIT })
        .isRefused('HUB_ORDER_NOT_ENDED');
      given(...COMPLETED)
        .when({ commanding: RESUBMIT })
        .isRefused('HUB_ORDER_COMPLETED');
      given(...HALTED, orderCancelled('partial'))
        .when({ commanding: RESUBMIT })
        .isRefused('HUB_ORDER_NOT_UNDONE');
    });
  });
});
