import { causeOf } from '@sagahub/contracts/causes.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { ORDER } from '@sagahub/contracts/messages/order.ts';
import {
  compensationLetter,
  letterOpened,
  type LetterOf,
  type Settlement,
  settledByHand,
  settledLetters,
  stepLetter,
} from './dead-letters.ts';
import type { KnownEvent } from './order-change.ts';
import type { OrderDocument } from './order-document.ts';
import { isSurplus, surplusReason } from './order-erp-changes.ts';

/** The order's dead letters behind an event; the same array when the event does not concern them. */
export const withDeadLetters = (before: OrderDocument, event: KnownEvent, recorded: RecordedEvent): readonly DeadLetter[] => {
  const letters = settledLetters(before.deadLetters, settledBy(event), recorded);
  if (event.type === 'ErpRequestEdited') return edited(letters, event);
  const opened = openedBy(before, event, recorded);
  return opened ? [...letters, opened] : letters;
};

/** What a redrive would send, once somebody edited it. */
const edited = (letters: readonly DeadLetter[], event: Extract<KnownEvent, { type: 'ErpRequestEdited' }>): readonly DeadLetter[] => {
  const { deadLetterId, customerId, items } = event.data;
  return letters.map((letter) =>
    letter.deadLetterId === deadLetterId ? { ...letter, payload: { ...letter.payload, customerId, items, edited: true } } : letter,
  );
};

const openedBy = (before: OrderDocument, event: KnownEvent, recorded: RecordedEvent): DeadLetter | undefined => {
  const { orderId, orderNumber, partnerId } = before;
  const order: LetterOf = { flow: ORDER, objectId: orderId, orderNumber, partnerId };
  const { revision, metadata } = recorded;
  switch (event.type) {
    case 'ErpSubmissionFailed': {
      const { deadLetterId, reason, attempts, status, inDoubt } = event.data;
      const failure = { reason, attempts, ...(status !== undefined && { status }), cause: causeOf({ reason, status }) };
      const firstFailedAt = before.erp?.failingSince ?? metadata.time;
      const payload = { ...submission(before), inDoubt };
      return { ...letterOpened(order, recorded), deadLetterId, origin: 'erp', step: 'erp-submit', ...failure, firstFailedAt, payload };
    }
    case 'StepFaulted':
      return stepLetter(order, before, event, recorded, submission(before));
    case 'CompensationFailed': {
      const attempts = before.erp?.cancellationAttempts ?? 0;
      const payload = submission(before);
      return compensationLetter(order, before, event, recorded, { attempts, waitedFor: 'erp-cancellation', payload });
    }
    case 'OrderSentToErp': {
      const { erpRef, attempt: attempts } = event.data;
      if (!isSurplus(before, erpRef) || before.deadLetters.some((letter) => letter.state === 'open' && letter.origin === 'surplus'))
        return undefined;
      const deadLetterId = `surplus-${orderId}-${revision}`;
      const payload = { erpRef, ...submission(before) };
      const failure = { reason: surplusReason(erpRef), attempts, cause: 'surplus', firstFailedAt: metadata.time };
      return { ...letterOpened(order, recorded), deadLetterId, origin: 'surplus', step: 'erp-surplus', ...failure, payload };
    }
    default:
      return undefined;
  }
};

const settledBy = (event: KnownEvent): Settlement | undefined => {
  switch (event.type) {
    case 'ErpSubmissionRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, deadLetterId: event.data.deadLetterId };
    case 'CancellationRequested':
      return { state: 'discarded', by: event.data.by, resolution: 'the order was cancelled' };
    case 'OrderSentToErp':
      return { state: 'resolved', resolution: `the ERP has it as ${event.data.erpRef}`, origins: ['erp', 'compensation'] };
    case 'ErpOrderCancelled':
      return { state: 'resolved', resolution: 'the ERP has cancelled it', origins: ['compensation'] };
    case 'OrderCompleted':
    case 'OrderRejected':
    case 'OrderCancelled':
      return { state: 'resolved', resolution: event.type };
    case 'StepRetried':
    case 'CompensationRetried':
    case 'CompensationRequested':
      return settledByHand(event);
    default:
      return undefined;
  }
};

/** What was to be sent, without personal data. */
const submission = (order: OrderDocument): JsonObject => ({
  ...(order.erp && { connector: order.erp.connector }),
  ...(order.erp?.reference !== undefined && { erpRef: order.erp.reference }),
  orderNumber: order.orderNumber,
  currency: order.currency,
  customerId: order.erp?.edited?.customerId ?? order.buyerId,
  items: (order.erp?.edited?.items ?? order.lines).map(({ lineNumber, sku, quantity, unitPrice }) => ({
    lineNumber,
    sku,
    quantity,
    unitPrice,
  })),
  subtotal: order.subtotal,
  ...(order.discount?.amount !== undefined && { discount: order.discount.amount }),
  ...(order.total !== undefined && { total: order.total }),
});
