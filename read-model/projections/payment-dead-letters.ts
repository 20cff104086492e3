import { causeOf } from '@sagahub/contracts/causes.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { PAYMENT } from '@sagahub/contracts/messages/payment.ts';
import {
  compensationLetter,
  letterOpened,
  type LetterOf,
  type Settlement,
  settledByHand,
  settledLetters,
  stepLetter,
} from './dead-letters.ts';
import { isHalted, isStuck, type KnownPaymentEvent } from './payment-change.ts';
import type { PaymentDocument } from './payment-document.ts';

/**
 * The payment's dead letters behind an event; the same array when the event does not concern them.
 * @param after the payment behind it, but for its letters: what goes on by itself again needs nobody
 */
export const withPaymentLetters = (
  before: PaymentDocument,
  after: Pick<PaymentDocument, 'waiting' | 'state' | 'endedAt'>,
  event: KnownPaymentEvent,
  recorded: RecordedEvent,
): readonly DeadLetter[] => {
  const letters = settledLetters(before.deadLetters, settledBy(before, after, event), recorded);
  const opened = openedBy(before, event, recorded);
  return opened ? [...letters, opened] : letters;
};

const openedBy = (before: PaymentDocument, event: KnownPaymentEvent, recorded: RecordedEvent): DeadLetter | undefined => {
  const { paymentId, partnerId, orderNumber } = before;
  const payment: LetterOf = { flow: PAYMENT, objectId: paymentId, ...(orderNumber !== undefined && { orderNumber }), partnerId };
  switch (event.type) {
    case 'AuthorizationFailed': {
      if (before.state !== 'Authorizing' || isStuck(before)) return undefined;
      const { deadLetterId, reason, attempts, status, inDoubt } = event.data;
      return {
        ...letterOpened(payment, recorded),
        deadLetterId,
        origin: 'processor',
        step: 'authorize',
        reason,
        attempts,
        ...(status !== undefined && { status }),
        cause: causeOf({ reason, status }),
        firstFailedAt: before.processor?.failingSince ?? recorded.metadata.time,
        payload: { ...submission(before), inDoubt },
      };
    }
    case 'StepFaulted':
      return stepLetter(payment, before, event, recorded, submission(before));
    case 'CompensationFailed': {
      if (!before.reversal || isHalted(before)) return undefined;
      const attempts = before.processor?.reversalAttempts ?? 0;
      return compensationLetter(payment, before, event, recorded, { attempts, waitedFor: 'reversal', payload: submission(before) });
    }
    default:
      return undefined;
  }
};

const settledBy = (
  before: PaymentDocument,
  after: Pick<PaymentDocument, 'waiting' | 'state' | 'endedAt'>,
  event: KnownPaymentEvent,
): Settlement | undefined => {
  switch (event.type) {
    case 'AuthorizationRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, deadLetterId: event.data.deadLetterId };
    case 'StepRetried':
    case 'CompensationRetried':
    case 'CompensationRequested':
      return settledByHand(event);
    case 'CancellationRequested':
    case 'RefundRequested':
      return movedOn(before, after, { state: 'discarded', by: event.data.by, resolution: event.type });
    case 'AuthorizationFailed':
    case 'CompensationFailed':
    case 'StepFaulted':
      return undefined;
    default:
      return movedOn(before, after, { state: 'resolved', resolution: event.type });
  }
};

/** What an operator was needed for goes on by itself, or is over. */
const movedOn = (
  before: PaymentDocument,
  after: Pick<PaymentDocument, 'waiting' | 'state' | 'endedAt'>,
  settlement: Settlement,
): Settlement | undefined => {
  const goesOn = after.state !== before.state || after.endedAt !== undefined || after.waiting !== before.waiting;
  return goesOn && (isStuck(before) || isHalted(before)) ? { ...settlement, origins: ['processor', 'compensation'] } : undefined;
};

/** What was to be sent, without personal data. */
const submission = (payment: PaymentDocument): JsonObject => ({
  ...(payment.processor && { connector: payment.processor.connector }),
  ...(payment.processor?.reference !== undefined && { processorRef: payment.processor.reference }),
  paymentReference: payment.paymentReference,
  amount: payment.amount,
  currency: payment.currency,
  methodType: payment.methodType,
});
