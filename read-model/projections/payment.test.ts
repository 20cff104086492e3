import assert from 'node:assert/strict';
import { recorded, type Told } from '../testing/order-story.ts';
import { approved, asked, EXPIRES_AT, failedAt, happened, posted } from '../testing/payment-story.ts';
import { paymentFold } from './payment.ts';
import type { PaymentDocument } from './payment-document.ts';

const ID = '0b5e7f4e-5a53-5f0e-9c39-5b8a1f0d9f11';
const at = (revision: number) => `2026-11-20T10:00:00.${String(revision).padStart(3, '0')}Z`;

const fold = (...events: readonly Told[]): PaymentDocument => {
  const [first, ...rest] = recorded(`payment-${ID}`, events);
  return rest.reduce<PaymentDocument>((payment, event) => paymentFold.apply(payment, event), paymentFold.apply(undefined, first!));
};
const shows = (
  payment: PaymentDocument,
  expected: { readonly [Member in keyof PaymentDocument]?: PaymentDocument[Member] | undefined },
) => {
  for (const [member, value] of Object.entries(expected)) assert.deepEqual(payment[member as keyof PaymentDocument], value, member);
};
const authorizing = [posted(ID), asked];
const by = { by: 'client:operator', reason: 'the processor is well again' };
const failed = happened('AuthorizationFailed', {
  deadLetterId: 'letter-1',
  attempts: 6,
  reason: 'the processor answered 503',
  status: 503,
  inDoubt: true,
});
const letters = ({ deadLetters }: PaymentDocument) => deadLetters.map(({ origin, state }) => `${origin} ${state}`);

describe('payment projection', () => {
  it('shows a received payment with what was sent, and nothing that the log keeps for itself', () => {
    const payment = fold(posted(ID, { requestKey: 'k' }));
    shows(payment, { status: 'pending', state: 'Initiated', amount: '20.00', receivedAt: at(0), inFlight: true, endedAt: undefined });
    assert.doesNotMatch(JSON.stringify(payment), /fingerprint|requestKey/);
  });

  it('waits for the processor, and says after a failed attempt which one is next, when, and why', () => {
    shows(fold(...authorizing), { status: 'authorizing', waiting: { for: 'processor', since: at(1), attempt: 1 } });
    const { waiting } = fold(...authorizing, failedAt(1), failedAt(2));
    assert.deepEqual([waiting?.since, waiting?.attempt, waiting?.cause], [at(1), 3, 'http-503']);
  });

  it('says that the processor decides later, and when it is asked again', () => {
    const pending = happened('AuthorizationPending', { attempt: 1, processorRef: 'T-1', nextAt: EXPIRES_AT });
    const { waiting, status } = fold(...authorizing, pending);
    assert.deepEqual([status, waiting?.cause, waiting?.nextAt], ['authorizing', 'pending-at-processor', EXPIRES_AT]);
  });

  it('is approved with the reference, or declined with the reason, and waits for nothing', () => {
    const payment = fold(...authorizing, approved());
    shows(payment, { status: 'approved', endedAt: at(2), waiting: undefined, inFlight: undefined });
    assert.equal(payment.processor?.reference, 'T-1');
    const no = happened('PaymentDeclined', { reason: 'insufficient-funds', attempt: 1, answeredBy: 'callback' });
    shows(fold(...authorizing, no), { status: 'declined', endedAt: at(2), decline: { reason: 'insufficient-funds' } });
  });

  it('is stuck once attempts are exhausted, until somebody has it tried again', () => {
    const stuck = fold(...authorizing, failedAt(1), failed);
    shows(stuck, { status: 'stuck', waiting: { for: 'operator', since: at(3), reason: 'the processor answered 503' } });
    const [letter] = stuck.deadLetters;
    assert.deepEqual([letter?.origin, letter?.cause, letter?.firstFailedAt, letter?.flow], ['processor', 'http-503', at(2), 'payment']);
    assert.equal(letter?.payload['inDoubt'], true);
    const retried = happened('AuthorizationRetried', { deadLetterId: 'letter-1', ...by });
    const again = fold(...authorizing, failed, retried);
    shows(again, { status: 'authorizing', waiting: { for: 'processor', since: at(3), attempt: 7 } });
    assert.deepEqual(letters(again), ['processor redriven']);
    assert.deepEqual(letters(fold(...authorizing, failed, approved())), ['processor resolved']);
  });

  it('gives the money back, and is stuck while the processor does not', () => {
    const refund = happened('RefundRequested', { by: 'client:shop' });
    const reversal = happened('ReversalRequested', { connector: 'processor', processorRef: 'T-1' });
    const refunding = fold(...authorizing, approved(), refund, reversal);
    shows(refunding, { status: 'refunding', endedAt: undefined, waiting: { for: 'reversal', since: at(4), attempt: 1 } });
    const halted = happened('CompensationFailed', { step: 'reverse', reason: 'settled already' });
    const stuck = fold(...authorizing, approved(), refund, reversal, halted);
    assert.deepEqual([stuck.status, letters(stuck)], ['stuck', ['compensation open']]);
    const reversed = happened('PaymentReversed', { processorRef: 'T-1', proof: 'cancelled' });
    const done = fold(...authorizing, approved(), refund, reversal, halted, reversed, happened('PaymentRefunded', { processorRef: 'T-1' }));
    shows(done, { status: 'refunded', endedAt: at(7) });
    assert.deepEqual(letters(done), ['compensation resolved']);
  });

  it('stays what it has become when the processor approves it too late, and shows that this is taken back', () => {
    const cancelled = [
      ...authorizing,
      happened('CancellationRequested', { by: 'client:shop' }),
      happened('ReversalRequested', { connector: 'processor' }),
      happened('PaymentReversed', { proof: 'absent' }),
      happened('PaymentCancelled', {}),
    ];
    shows(fold(...cancelled), { status: 'cancelled', endedAt: at(5) });
    const late = happened('PaymentApproved', { processorRef: 'T-1', attempt: 1, answeredBy: 'callback', tooLate: true });
    const reversal = happened('ReversalRequested', { connector: 'processor', processorRef: 'T-1' });
    shows(fold(...cancelled, late, reversal), {
      status: 'cancelled',
      inFlight: true,
      waiting: { for: 'reversal', since: at(7), attempt: 1 },
    });
    const reversed = happened('PaymentReversed', { processorRef: 'T-1', proof: 'cancelled' });
    shows(fold(...cancelled, late, reversal, reversed), { status: 'cancelled', endedAt: at(8), waiting: undefined });
  });

  it('expires', () => {
    const exceeded = happened('AuthorizationDeadlineExceeded', { expiresAt: EXPIRES_AT });
    shows(fold(...authorizing, exceeded), { status: 'cancelling' });
    const gone = [happened('PaymentReversed', { proof: 'absent' }), happened('PaymentExpired', { expiresAt: EXPIRES_AT })];
    shows(fold(...authorizing, exceeded, ...gone), { status: 'expired' });
  });

  it('flags an overdue payment until it has ended', () => {
    const overdue = happened('AuthorizationOverdueFlagged', { requestedAt: at(1) });
    shows(fold(...authorizing, overdue), { overdue: true });
    shows(fold(...authorizing, overdue, approved()), { overdue: undefined });
  });

  it('refuses a stream that does not begin with the payment', () => {
    assert.throws(() => fold(asked), /begins with PaymentReceived/);
  });
});
