import type { Compensation, Handover, OrderState } from '@sagahub/contracts/messages/order.ts';
import { COMPENSATING, type KnownEvent, type OrderChanges } from './order-change.ts';
import { isOfStep } from './dead-letters.ts';
import type { OrderDocument, OrderWaiting } from './order-document.ts';
import { erpChanges, isErpEvent, knownErp } from './order-erp-changes.ts';
import { afterFault, failedAttempt } from './waiting.ts';

/** What an event changes in an order, dead letters and derived members aside. */
export const changesBy = (before: OrderDocument, event: KnownEvent, at: string): OrderChanges => {
  if (event.type === 'StepFaulted') return { faults: before.faults + 1, waiting: afterFault(before, event.data, at) };
  const changes = isErpEvent(event) ? erpChanges(before, event, at) : sagaChanges(before, event, at);
  // Whatever was recorded, the step that had faulted has moved on.
  const hadFaulted = before.waiting?.for === 'retry' || before.deadLetters.some(isOfStep);
  return hadFaulted && !('waiting' in changes) ? { ...changes, waiting: waitingIn(changes.state ?? before.state, at) } : changes;
};

const waitingIn = (state: OrderState, at: string): OrderWaiting | undefined =>
  state === 'SendingToErp' ? { for: 'erp', since: at } : undefined;

const sagaChanges = (before: OrderDocument, event: KnownEvent, at: string): OrderChanges => {
  switch (event.type) {
    case 'StockReserved':
      return { state: 'StockReserved' };
    case 'StockRejected':
      return { ...COMPENSATING, rejection: { reason: 'stock' } };
    case 'DiscountApplied':
      return { state: 'DiscountApplied', discount: event.data };
    case 'DiscountRejected':
      return { ...COMPENSATING, rejection: { reason: 'discount', detail: `${event.data.code}: ${event.data.reason}` } };
    case 'OrderValidated':
      return { state: 'Validated', subtotal: event.data.subtotal, total: event.data.total };
    case 'OrderCompleted':
      return {
        state: 'Completed',
        endedAt: at,
        total: event.data.total,
        waiting: undefined,
        erp: { ...knownErp(before, at), reference: event.data.erpRef },
      };
    case 'CancellationRequested':
      return { ...COMPENSATING, cancellation: { requestedAt: at, ...event.data } };
    case 'CompensationRequested':
      return COMPENSATING;
    case 'ErpCancellationRequested':
      return { ...COMPENSATING, waiting: { for: 'erp-cancellation', since: at, attempt: 1 } };
    case 'ErpCancellationAttemptFailed':
      return {
        erp: { ...knownErp(before, at), cancellationAttempts: event.data.attempt },
        waiting: failedAttempt('erp-cancellation', before, event.data, at),
      };
    case 'ErpOrderCancelled':
      return { ...cancelled(before, event.data.erpRef, at), ...(before.state === 'Compensating' && { waiting: undefined }) };
    case 'CompensationFailed':
      return { waiting: { for: 'operator', since: at, reason: `${event.data.step}: ${event.data.reason}` } };
    case 'CompensationRetried':
      return { waiting: undefined };
    case 'OrderRejected':
      return { state: 'Rejected', endedAt: at, waiting: undefined, ...rejection(event.data) };
    case 'OrderCancelled':
      return { state: 'Cancelled', endedAt: at, waiting: undefined, ...ending(event.data) };
    case 'ErpRequestEdited': {
      const { customerId, items } = event.data;
      return { erp: { ...knownErp(before, at), edited: { customerId, items } } };
    }
    case 'OrderResubmitted':
      return { resubmittedAs: event.data.newOrderId };
    default:
      return {};
  }
};

const cancelled = (before: OrderDocument, erpRef: string | undefined, at: string): OrderChanges => {
  const erp = knownErp(before, at);
  return erpRef === undefined ? {} : { erp: { ...erp, cancelledReferences: [...(erp.cancelledReferences ?? []), erpRef] } };
};

interface Ended {
  readonly compensation: Compensation;
  readonly handover?: Handover;
}
const ending = ({ compensation, handover }: Ended): OrderChanges => ({ compensation, handover });

const rejection = (data: Ended & { readonly reason: string; readonly detail?: string }): OrderChanges => ({
  rejection: { reason: data.reason, ...(data.detail !== undefined && { detail: data.detail }) },
  ...ending(data),
});
