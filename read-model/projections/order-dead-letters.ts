import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { DEAD_LETTERS, type DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { KnownEvent } from './order-change.ts';
import type { OrderDocument } from './order-document.ts';
import type { Derived } from './projection.ts';

/** The order's dead letters behind an event; the same array when the event does not concern them. */
export const withDeadLetters = (before: OrderDocument, event: KnownEvent, recorded: RecordedEvent): readonly DeadLetter[] => {
  const opened = openedBy(before, event, recorded);
  if (opened) return [...before.deadLetters, opened];
  const settlement = settledBy(event);
  if (!settlement || !before.deadLetters.some((letter) => concerns(settlement, letter))) return before.deadLetters;
  const resolvedAt = recorded.metadata.time;
  return before.deadLetters.map((letter) =>
    concerns(settlement, letter)
      ? {
          ...letter,
          state: settlement.state,
          resolvedAt,
          resolvedBy: settlement.by ?? recorded.metadata.actor,
          resolution: settlement.resolution,
        }
      : letter,
  );
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
  switch (event.type) {
    case 'ErpSubmissionFailed': {
      const { deadLetterId, reason, attempts, status, inDoubt } = event.data;
      const payload = { ...submission(before), inDoubt };
      return { ...common, deadLetterId, origin: 'erp', reason, attempts, ...(status !== undefined && { status }), payload };
    }
    case 'StepFaulted': {
      if (event.data.nextAt !== undefined) return undefined;
      const { step, error, attempt } = event.data;
      const deadLetterId = `step-${before.orderId}-${revision}`;
      return { ...common, deadLetterId, origin: 'step', reason: error, attempts: attempt, payload: { step, ...submission(before) } };
    }
    case 'CompensationFailed': {
      const { step, reason } = event.data;
      const attempts = before.erp?.cancellationAttempts ?? 0;
      const deadLetterId = `compensation-${before.orderId}-${revision}`;
      return { ...common, deadLetterId, origin: 'compensation', reason, attempts, payload: { step, ...submission(before) } };
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
  readonly origin?: DeadLetter['origin'];
  readonly step?: string;
}

const settledBy = (event: KnownEvent): Settlement | undefined => {
  switch (event.type) {
    case 'ErpSubmissionRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, deadLetterId: event.data.deadLetterId };
    case 'StepRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, origin: 'step', step: event.data.step };
    case 'CompensationRetried':
      return { state: 'redriven', by: event.data.by, resolution: event.data.reason, origin: 'compensation' };
    case 'CompensationRequested':
      return { state: 'discarded', by: event.data.by, resolution: `given up: ${event.data.reason}` };
    case 'CancellationRequested':
      return { state: 'discarded', by: event.data.by, resolution: 'the order was cancelled' };
    case 'OrderSentToErp':
      return { state: 'resolved', resolution: `the ERP has it as ${event.data.erpRef}`, origin: 'erp' };
    case 'ErpOrderCancelled':
      return { state: 'resolved', resolution: 'nothing is left at the ERP', origin: 'compensation' };
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
  (settlement.origin === undefined || settlement.origin === letter.origin) &&
  (settlement.step === undefined || settlement.step === letter.payload['step']);

/** What was to be sent, without personal data. */
const submission = (order: OrderDocument): JsonObject => ({
  ...(order.erp && { connector: order.erp.connector }),
  ...(order.erp?.reference !== undefined && { erpRef: order.erp.reference }),
  orderNumber: order.orderNumber,
  currency: order.currency,
  customerId: order.buyerId,
  items: order.lines.map(({ lineNumber, sku, quantity, unitPrice }) => ({ lineNumber, sku, quantity, unitPrice })),
  subtotal: order.subtotal,
  ...(order.discount?.amount !== undefined && { discount: order.discount.amount }),
  ...(order.total !== undefined && { total: order.total }),
});
