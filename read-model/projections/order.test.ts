import assert from 'node:assert/strict';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { attemptFailed, completed, received, recorded, requested, sent, type StoryEvent, told, validated } from '../testing/order-story.ts';
import { orderFold } from './order.ts';
import type { OrderDocument } from './order-document.ts';

const ID = '0b5e7f4e-5a53-5f0e-9c39-5b8a1f0d9f11';
const at = (revision: number) => `2026-11-20T10:00:00.${String(revision).padStart(3, '0')}Z`;

const fold = (...events: readonly StoryEvent[]): OrderDocument => {
  const [first, ...rest] = recorded(`order-${ID}`, events);
  return rest.reduce<OrderDocument>((order, event) => orderFold.apply(order, event), orderFold.apply(undefined, first!));
};
/** What a test is about; absent members are `undefined`. */
const shows = (order: OrderDocument, expected: { readonly [Member in keyof OrderDocument]?: OrderDocument[Member] | undefined }): void => {
  for (const [member, value] of Object.entries(expected)) assert.deepEqual(order[member as keyof OrderDocument], value, member);
};
const submitting = [received(ID), ...validated];
const failed = (deadLetterId = 'letter-1') =>
  told('ErpSubmissionFailed', { deadLetterId, attempts: 5, reason: 'the ERP answered 503', status: 503, inDoubt: false });
const by = { by: 'client:operator', reason: 'the ERP is well again' };

describe('order projection', () => {
  it('shows a received order with what was sent, and nothing that the log keeps for itself', () => {
    const order = fold(received(ID, { requestKey: 'k', discountCode: 'TEN' }));
    shows(order, { status: 'received', state: 'Initiated', discount: { code: 'TEN' }, receivedAt: at(0), updatedAt: at(0) });
    assert.equal(
      Object.keys(JSON.parse(JSON.stringify(order)) as object).some((member) => /fingerprint|requestKey/.test(member)),
      false,
    );
  });

  it('is processing while stock and discount are settled, and then waits for the ERP', () => {
    const discount = told('DiscountApplied', { code: 'TEN', percent: '10', amount: '2.00' });
    shows(fold(received(ID), validated[0]!), { status: 'processing', state: 'StockReserved' });
    shows(fold(received(ID), discount), { state: 'DiscountApplied', discount: { code: 'TEN', percent: '10', amount: '2.00' } });
    shows(fold(...submitting), {
      status: 'waiting',
      state: 'SendingToErp',
      total: '20.00',
      waiting: { for: 'erp', since: at(3), attempt: 1 },
    });
  });

  it('says after a failed attempt which one is next, when, and why', () => {
    shows(fold(...submitting, attemptFailed(1), attemptFailed(2)), {
      status: 'waiting',
      waiting: {
        for: 'erp',
        since: at(3),
        attempt: 3,
        nextAt: '2026-11-20T10:20:00.000Z',
        reason: 'the ERP answered 503',
        cause: 'http-503',
      },
    });
  });

  it('says while an attempt is under way that nothing is scheduled', () => {
    const started = told('ErpAttemptStarted', { attempt: 2 });
    shows(fold(...submitting, attemptFailed(1), started), { waiting: { for: 'erp', since: at(3), attempt: 2 } });
  });

  it('is completed with the reference of the ERP, and waits for nothing', () => {
    const order = fold(...submitting, ...completed);
    shows(order, { status: 'completed', state: 'Completed', endedAt: at(5), waiting: undefined, total: '20.00' });
    assert.equal(order.erp?.reference, 'E-1');
  });

  it('is rejected with the reason and what was undone', () => {
    shows(
      fold(
        received(ID),
        told('StockRejected', { shortages: [{ sku: 'SKU-1', requested: '2', available: '1' }] }),
        told('OrderRejected', { reason: 'stock', detail: 'SKU-1: 2 requested, 1 available', compensation: 'none' }),
      ),
      {
        status: 'rejected',
        endedAt: at(2),
        rejection: { reason: 'stock', detail: 'SKU-1: 2 requested, 1 available' },
        compensation: 'none',
      },
    );
    shows(fold(...submitting, told('ErpSubmissionRefused', { attempt: 1, reason: 'unknown customer' })), {
      status: 'compensating',
      rejection: { reason: 'erp', detail: 'unknown customer' },
      waiting: undefined,
    });
    shows(fold(...submitting, told('ErpDeadlineExceeded', { waitedMs: 5 })), { status: 'compensating' });
    shows(fold(received(ID), told('DiscountRejected', { code: 'TEN', reason: 'expired' })), {
      rejection: { reason: 'discount', detail: 'TEN: expired' },
    });
  });

  it('is compensating from the request to cancel until the ERP has cancelled and everything is given back', () => {
    const cancelling = [
      ...submitting,
      sent,
      told('CancellationRequested', { by: 'client:acme-shop', reason: 'changed my mind' }),
      told('ErpCancellationRequested', { connector: 'erp', erpRef: 'E-1' }),
    ];
    shows(fold(...cancelling), {
      status: 'compensating',
      state: 'Compensating',
      cancellation: { requestedAt: at(5), by: 'client:acme-shop', reason: 'changed my mind' },
      waiting: { for: 'erp-cancellation', since: at(6), attempt: 1 },
    });
    const refused = told('ErpCancellationAttemptFailed', { attempt: 1, reason: 'busy', nextAt: at(900) });
    shows(fold(...cancelling, refused), {
      waiting: { for: 'erp-cancellation', since: at(6), attempt: 2, nextAt: at(900), reason: 'busy', cause: 'busy' },
    });
    const undone = [
      told('ErpOrderCancelled', { erpRef: 'E-1', proof: 'cancelled' }),
      told('StockReleased', { items: [] }),
      told('OrderCancelled', { reason: 'changed my mind', compensation: 'full' }),
    ];
    shows(fold(...cancelling, ...undone), { status: 'cancelled', endedAt: at(9), compensation: 'full', waiting: undefined });
  });

  it('reopens an ended order when the ERP took it all the same', () => {
    const rejected = [received(ID), ...validated, told('OrderRejected', { reason: 'erp-deadline', compensation: 'full' })];
    shows(fold(...rejected, sent), { status: 'compensating', endedAt: undefined });
  });

  it('is stuck, though completed, when the ERP made it twice, until an operator had the surplus cancelled', () => {
    const again = told('OrderSentToErp', { erpRef: 'E-2', attempt: 2, alreadyThere: false });
    const twice = [...submitting, ...completed, again];
    const reason = 'the ERP has it twice, also as E-2';
    shows(fold(...twice, again), { status: 'stuck', state: 'Completed', waiting: { for: 'operator', since: at(7), reason } });
    const order = fold(...twice);
    assert.equal(order.erp?.reference, 'E-1');
    assert.deepEqual(
      order.deadLetters.map((letter) => [letter.origin, letter.state, letter.reason]),
      [['surplus', 'open', reason]],
    );
    const cancelled = fold(
      ...twice,
      told('CompensationRequested', by),
      told('ErpOrderCancelled', { erpRef: 'E-2', proof: 'cancelled' }),
      told('OrderCompleted', { erpRef: 'E-1', total: '20.00' }),
    );
    shows(cancelled, { status: 'completed', waiting: undefined });
    assert.equal(cancelled.erp?.reference, 'E-1');
    shows(fold(...twice, told('ErpOrderCancelled', { erpRef: 'E-3', proof: 'cancelled' })), { status: 'stuck' });
  });

  it('takes no refusal in that comes after the order was given up', () => {
    const refused = told('ErpSubmissionRefused', { attempt: 1, reason: 'unknown customer' });
    const cancelling = [...submitting, told('CancellationRequested', { by: 'client:acme-shop' })];
    shows(fold(...cancelling, refused), { status: 'compensating', rejection: undefined });
    const cancelled = [...cancelling, told('OrderCancelled', { compensation: 'full' })];
    shows(fold(...cancelled, refused), { status: 'cancelled', rejection: undefined });
  });

  it('flags an overdue order until it has ended', () => {
    const overdue = [...submitting, told('ErpOverdueFlagged', { requestedAt: at(3) })];
    shows(fold(...overdue), { overdue: true });
    shows(fold(...overdue, ...completed), { overdue: undefined });
  });

  it('waits while a step that failed is to be tried again, and no longer once something was recorded', () => {
    const fault = told('StepFaulted', { step: 'advance', attempt: 1, error: 'disk', nextAt: at(500) });
    const order = fold(received(ID), fault);
    shows(order, { status: 'waiting', state: 'Initiated', faults: 1 });
    assert.deepEqual(order.waiting, { for: 'retry', since: at(1), attempt: 2, nextAt: at(500), reason: 'advance: disk', cause: 'disk' });
    shows(fold(received(ID), fault, validated[0]!), { status: 'processing', waiting: undefined });
  });

  it('links a resubmission both ways', () => {
    shows(fold(received(ID, { resubmissionOf: 'other', submission: 2 })), { resubmissionOf: 'other', submission: 2 });
    shows(fold(received(ID), told('OrderResubmitted', { newOrderId: 'new', fingerprint: 'f', by: 'client:acme-shop' })), {
      resubmittedAs: 'new',
    });
  });

  it('is moved on by an event it does not know, in time alone', () => {
    const unknown = { type: 'SomethingNew', data: {} } as unknown as StoryEvent;
    shows(fold(received(ID), unknown), { status: 'received', updatedAt: at(1) });
  });

  it('refuses a stream that does not begin with the order', () => {
    assert.throws(() => fold(requested), /begins with OrderReceived, not with ErpSubmissionRequested/);
  });

  it('never changes the document it folds onto', () => {
    const events = recorded(`order-${ID}`, [
      ...submitting,
      failed(),
      told('ErpSubmissionRetried', { deadLetterId: 'letter-1', ...by }),
      ...completed,
    ]);
    let order: OrderDocument | undefined;
    for (const event of events) {
      const before = order && structuredClone(order);
      const next = orderFold.apply(order, event);
      assert.deepEqual(order, before, event.type);
      order = next;
    }
  });
});

describe('dead letters of an order', () => {
  const letters = (...events: readonly StoryEvent[]): readonly DeadLetter[] => fold(...submitting, ...events).deadLetters;
  const fault = told('StepFaulted', { step: 'advance', attempt: 9, error: 'bug' });

  it('open when attempts are exhausted, and make the order stuck', () => {
    const order = fold(...submitting, failed());
    shows(order, { status: 'stuck', state: 'SendingToErp', waiting: { for: 'operator', since: at(4), reason: 'the ERP answered 503' } });
    const [letter] = order.deadLetters;
    assert.equal(letter?.deadLetterId, 'letter-1');
    assert.deepEqual([letter?.origin, letter?.state, letter?.attempts, letter?.status], ['erp', 'open', 5, 503]);
    assert.deepEqual(letter?.payload['items'], [{ lineNumber: 1, sku: 'SKU-1', quantity: '2', unitPrice: '10.00' }]);
  });

  it('open when a step is given up, and when something cannot be undone, each under an id of its own', () => {
    const [step] = letters(fault);
    assert.deepEqual([step?.origin, step?.deadLetterId, step?.attempts], ['step', `step-${ID}-4`, 9]);
    const [compensation] = letters(told('CompensationFailed', { step: 'erp-cancel', reason: 'refused' }));
    assert.deepEqual([compensation?.origin, compensation?.deadLetterId], ['compensation', `compensation-${ID}-4`]);
  });

  it('are redriven by the operator, by letter, step and compensation', () => {
    for (const [opened, retried] of [
      [failed(), told('ErpSubmissionRetried', { deadLetterId: 'letter-1', ...by })],
      [fault, told('StepRetried', { step: 'advance', ...by })],
      [told('CompensationFailed', { step: 'erp-cancel', reason: 'refused' }), told('CompensationRetried', by)],
    ] as const) {
      const [letter] = letters(opened, retried);
      assert.deepEqual(
        [letter?.state, letter?.resolvedBy, letter?.resolution],
        ['redriven', 'client:operator', 'the ERP is well again'],
        retried.type,
      );
    }
    shows(fold(...submitting, failed(), told('ErpSubmissionRetried', { deadLetterId: 'letter-1', ...by })), { status: 'waiting' });
  });

  it('stay open when the retry concerns another one', () => {
    assert.equal(letters(failed(), told('ErpSubmissionRetried', { deadLetterId: 'other', ...by }))[0]?.state, 'open');
  });

  it('about a step are settled by whatever is recorded next: the step has moved on', () => {
    assert.equal(letters(fault, attemptFailed(1))[0]?.state, 'resolved');
    shows(fold(...submitting, fault), { status: 'stuck' });
    shows(fold(...submitting, fault, told('ErpOverdueFlagged', { requestedAt: at(3) })), {
      status: 'waiting',
      waiting: { for: 'erp', since: at(5) },
    });
  });

  it('are discarded by giving the order up, and resolved by what ends it', () => {
    assert.equal(letters(failed(), told('CompensationRequested', { ...by, deadLetterId: 'letter-1' }))[0]?.state, 'discarded');
    assert.equal(letters(failed(), sent)[0]?.state, 'resolved');
    assert.equal(letters(failed(), told('OrderRejected', { reason: 'operator', compensation: 'full' }))[0]?.state, 'resolved');
  });

  it('become documents when they open and when they are settled, and at no other time', () => {
    const events = recorded(`order-${ID}`, [...submitting, failed(), attemptFailed(5), sent]);
    let order: OrderDocument | undefined;
    const derived = events.map((event) => {
      const before = order;
      order = orderFold.apply(before, event);
      return orderFold.derive!(before, order).map(({ id, body }) => [id, (body as DeadLetter).state]);
    });
    assert.deepEqual(derived, [[], [], [], [], [['letter-1', 'open']], [], [['letter-1', 'resolved']]]);
  });
});
