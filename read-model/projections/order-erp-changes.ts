import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { COMPENSATING, type KnownEvent, type OrderChanges } from './order-change.ts';
import type { ErpDelivery, OrderDocument, OrderWaiting } from './order-document.ts';
import { failedAttempt } from './waiting.ts';

const ERP_EVENTS = [
  'ErpSubmissionRequested',
  'ErpAttemptStarted',
  'ErpAttemptFailed',
  'ErpSubmissionRefused',
  'ErpSubmissionFailed',
  'ErpSubmissionRetried',
  'OrderSentToErp',
  'ErpOverdueFlagged',
  'ErpDeadlineExceeded',
] as const;
type ErpEvent = Extract<OrderEvent, { readonly type: (typeof ERP_EVENTS)[number] }>;
const TYPES: ReadonlySet<string> = new Set(ERP_EVENTS);
export const isErpEvent = (event: KnownEvent): event is ErpEvent => TYPES.has(event.type);

/**
 * Submitting to the ERP. Outcomes of attempts are facts, taken in whatever the order has become meanwhile: an answer that comes after
 * the order was given up reopens it, as what the ERP has must be cancelled there.
 */
export const erpChanges = (before: OrderDocument, event: ErpEvent, at: string): OrderChanges => {
  const erp = knownErp(before, at);
  const wanted = before.state === 'SendingToErp';
  switch (event.type) {
    case 'ErpSubmissionRequested':
      return {
        state: 'SendingToErp',
        erp: { ...erp, connector: event.data.connector, requestedAt: at },
        waiting: { for: 'erp', since: at, attempt: 1 },
      };
    case 'ErpAttemptStarted': {
      const waiting: OrderWaiting = { for: 'erp', since: erp.requestedAt, attempt: event.data.attempt };
      return { erp: { ...erp, attempts: event.data.attempt }, ...(wanted && { waiting }) };
    }
    case 'ErpAttemptFailed':
      return {
        erp: { ...erp, attempts: event.data.attempt, failingSince: erp.failingSince ?? at },
        ...(wanted && { waiting: failedAttempt('erp', before, event.data, at) }),
      };
    case 'ErpSubmissionRefused': {
      const attempts = { erp: { ...erp, attempts: Math.max(erp.attempts, event.data.attempt) } };
      // Of an order that is being undone, or has ended, it changes no more than that.
      return wanted ? { ...COMPENSATING, ...attempts, rejection: { reason: 'erp', detail: event.data.reason } } : attempts;
    }
    case 'ErpSubmissionFailed':
      return {
        erp: { ...erp, attempts: Math.max(erp.attempts, event.data.attempts) },
        waiting: { for: 'operator', since: at, reason: event.data.reason },
      };
    case 'ErpSubmissionRetried':
      return { erp: withoutFailures(erp), waiting: { for: 'erp', since: at, attempt: erp.attempts + 1 } };
    case 'OrderSentToErp':
      return sentToErp(before, { ...erp, attempts: Math.max(erp.attempts, event.data.attempt) }, event.data.erpRef, at);
    case 'ErpOverdueFlagged':
      return { erp: { ...erp, overdueSince: at } };
    case 'ErpDeadlineExceeded':
      return { ...COMPENSATING, rejection: { reason: 'erp-deadline', detail: `not delivered within ${event.data.waitedMs} ms` } };
  }
};

const withoutFailures = ({ failingSince: _ended, ...erp }: ErpDelivery): ErpDelivery => erp;

const sentToErp = (before: OrderDocument, erp: ErpDelivery, erpRef: string, at: string): OrderChanges => {
  const taken = { erp: { ...erp, reference: erpRef } };
  switch (before.state) {
    case 'SendingToErp':
      return { ...taken, state: 'SentToErp', waiting: undefined };
    case 'Completed':
      return isSurplus(before, erpRef) ? { erp, waiting: { for: 'operator', since: at, reason: surplusReason(erpRef) } } : { erp };
    case 'Rejected':
    case 'Cancelled':
      return { ...taken, ...COMPENSATING };
    default:
      // Being undone, and halted perhaps: there is something to cancel again.
      return before.waiting?.for === 'operator' ? { ...taken, waiting: undefined } : taken;
  }
};

/** Completed, and the ERP made it a second time: an operator decides what becomes of the surplus. */
export const isSurplus = ({ state, erp }: OrderDocument, erpRef: string): boolean =>
  state === 'Completed' && erpRef !== erp?.reference && !erp?.cancelledReferences?.includes(erpRef);

export const surplusReason = (erpRef: string): string => `the ERP has it twice, also as ${erpRef}`;

/** An outcome without a request before it is a bug elsewhere; the order is shown all the same. */
export const knownErp = (before: OrderDocument, at: string): ErpDelivery =>
  before.erp ?? { connector: 'erp', requestedAt: at, attempts: 0, cancellationAttempts: 0 };
