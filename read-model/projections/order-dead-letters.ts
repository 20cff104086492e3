import { causeOf } from '@sagahub/contracts/causes.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { DEAD_LETTERS, type DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { KnownEvent } from './order-change.ts';
import type { OrderDocument, OrderWaiting } from './order-document.ts';
import { isSurplus, surplusReason } from './order-erp-changes.ts';
import type { Derived } from './projection.ts';

/** The order's dead letters behind an event; the same array when the event does not concern them. */
export const withDeadLetters = (before: OrderDocument, event: KnownEvent, recorded: RecordedEvent): readonly DeadLetter[] => {
  const letters = settled(before.deadLetters, event, recorded.metadata);
  if (event.type === 'ErpRequestEdited') return edited(letters, event);
  const opened = openedBy(before, event, recorded);
  return opened ? [...letters, opened] : letters;
};

/** Open, about a step whose handler kept throwing. */
export const isOfStep = ({ state, origin }: DeadLetter): boolean => state === 'open' && origin === 'step';

/** What a redrive would send, once somebody edited it. */
const edited = (letters: readonly DeadLetter[], event: Extract<KnownEvent, { type: 'ErpRequestEdited' }>): readonly DeadLetter[] => {
  const { deadLetterId, customerId, items } = event.data;
  return letters.map((letter) =>
    letter.deadLetterId === deadLetterId ? { ...letter, payload: { ...letter.payload, customerId, items, edited: true } } : letter,
  );
};

const settled = (letters: readonly DeadLetter[], event: KnownEvent, { time, actor }: RecordedEvent['metadata']): readonly DeadLetter[] => {
  const settlement = settledBy(event);
  const settlementOf = (letter: DeadLetter): Settlement | undefined => {
    if (letter.state !== 'open') return undefined;
    if (settlement && concerns(settlement, letter)) return settlement;
    // Whatever else was recorded, the step that had faulted has moved on.
    return letter.origin === 'step' && event.type !== 'StepFaulted' ? { state: 'resolved', resolution: event.type } : undefined;
  };
  if (!letters.some(settlementOf)) return letters;
  return letters.map((letter) => {
    const found = settlementOf(letter);
    return found
      ? { ...letter, state: found.state, resolvedAt: time, resolvedBy: found.by ?? actor, resolution: found.resolution }
      : letter;
  });
};

/** One document per dead letter, written when it is opened or settled. */
export const changedDeadLetters = (before: OrderDocument | undefined, after: OrderDocument): readonly Derived[] =>
  before?.deadLetters === after.deadLetters
    ? NONE
    : after.deadLetters
        .filter((letter) => !before?.deadLetters.includes(letter))
        .map((letter) => ({ collection: DEAD_LETTERS, id: letter.deadLetterId, body: letter }));
const NONE: readonly Derived[] = [];

const openedBy = (before: OrderDocument, event: KnownEvent, { stream, revision, metadata }: RecordedEvent): DeadLetter | undefined => {
  const common = {
    flow: 'order',
    stream,
    objectId: before.orderId,
    orderNumber: before.orderNumber,
    partnerId: before.partnerId,
    failedAt: metadata.time,
    state: 'open',
  } as const;
  const since = (waitedFor: OrderWaiting['for']): string => (before.waiting?.for === waitedFor ? before.waiting.since : metadata.time);
  switch (event.type) {
    case 'ErpSubmissionFailed': {
      const { deadLetterId, reason, attempts, status, inDoubt } = event.data;
      const failure = { reason, attempts, ...(status !== undefined && { status }), cause: causeOf({ reason, status }) };
      const firstFailedAt = before.erp?.failingSince ?? metadata.time;
      const payload = { ...submission(before), inDoubt };
      return { ...common, deadLetterId, origin: 'erp', step: 'erp-submit', ...failure, firstFailedAt, payload };
    }
    case 'StepFaulted': {
      if (event.data.nextAt !== undefined) return undefined;
      const { step, error: reason, attempt: attempts } = event.data;
      const deadLetterId = `step-${before.orderId}-${revision}`;
      const failure = { reason, attempts, cause: causeOf({ reason }), firstFailedAt: since('retry') };
      return { ...common, deadLetterId, origin: 'step', step, ...failure, payload: { step, ...submission(before) } };
    }
    case 'CompensationFailed': {
      const { step, reason } = event.data;
      const attempts = before.erp?.cancellationAttempts ?? 0;
      const deadLetterId = `compensation-${before.orderId}-${revision}`;
      const failure = { reason, attempts, cause: causeOf({ reason }), firstFailedAt: since('erp-cancellation') };
      return { ...common, deadLetterId, origin: 'compensation', step, ...failure, payload: { step, ...submission(before) } };
    }
    case 'OrderSentToErp': {
      const { erpRef, attempt: attempts } = event.data;
      if (!isSurplus(before, erpRef) || before.deadLetters.some((letter) => letter.state === 'open' && letter.origin === 'surplus'))
        return undefined;
      const deadLetterId = `surplus-${before.orderId}-${revision}`;
      const payload = { erpRef, ...submission(before) };
      const failure = { reason: surplusReason(erpRef), attempts, cause: 'surplus', firstFailedAt: metadata.time };
      return { ...common, deadLetterId, origin: 'surplus', step: 'erp-surplus', ...failure, payload };
    }
    default:
      return undefined;
  }
};

interface Settlement {
  readonly state: Exclude<DeadLetter['state'], 'open'>;
  readonly resolution: string;
  readonly by?: string;
  readonly deadLetterId?: string;
  readonly origins?: readonly DeadLetter['origin'][];
  readonly step?: string;
}

const settledBy = (event: KnownEvent): Settlement | undefined => {
  switch (event.type) {
    case 'ErpSubmissionRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, deadLetterId: event.data.deadLetterId };
    case 'StepRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, origins: ['step'], step: event.data.step };
    case 'CompensationRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, origins: ['compensation'] };
    case 'CompensationRequested':
      return { state: 'discarded', by: event.data.by, resolution: `given up: ${event.data.reason}` };
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
    default:
      return undefined;
  }
};

const concerns = (settlement: Settlement, letter: DeadLetter): boolean =>
  letter.state === 'open' &&
  (settlement.deadLetterId === undefined || settlement.deadLetterId === letter.deadLetterId) &&
  (settlement.origins === undefined || settlement.origins.includes(letter.origin)) &&
  (settlement.step === undefined || settlement.step === letter.payload['step']);

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
