import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { SagaEvent } from '@sagahub/contracts/saga.ts';
import {
  attemptFailed,
  attemptStarted,
  completed,
  deadlineExceeded,
  sentToErp,
  submissionFailed,
  submissionRefused,
  submissionRequested,
  submissionRetried,
} from './evolve-submission.ts';
import {
  cancellationAttemptFailed,
  cancellationRequested,
  compensationFailed,
  compensationRetried,
  ended,
  erpCancellationRequested,
  erpOrderCancelled,
} from './evolve-undo.ts';
import type { OrderFacts, OrderState } from './state.ts';
import { type Known, undoing, withErp } from './transitions.ts';

/**
 * Folds one event. Total: an event that makes no sense in a state changes nothing, so that no order of events can break a reader.
 * Facts about the ERP are taken in by every state.
 */
export const evolve = (state: OrderState, event: SagaEvent): OrderState => {
  const next = apply(state, event as unknown as OrderEvent, event.time);
  if (event.sagaVersion === undefined || next.status === 'none' || next.order.sagaVersion !== undefined) return next;
  return withOrder(next, { ...next.order, sagaVersion: event.sagaVersion });
};

const apply = (state: OrderState, event: OrderEvent, time: string): OrderState => {
  if (state.status === 'none') return event.type === 'OrderReceived' ? received(event, time) : state;
  const { order } = state;
  switch (event.type) {
    case 'StockReserved':
      return state.status === 'received' ? withOrder(state, { ...order, stock: { is: 'held', items: event.data.items } }) : state;
    case 'StockRejected': {
      if (state.status !== 'received') return state;
      const end = { kind: 'rejected', reason: 'stock', detail: describeShortages(event.data.shortages) } as const;
      return undoing({ ...order, stock: { is: 'rejected' } }, end, Date.parse(time));
    }
    case 'DiscountApplied':
      return state.status === 'received' ? withOrder(state, { ...order, discount: { is: 'applied', ...event.data } }) : state;
    case 'DiscountRejected': {
      if (state.status !== 'received') return state;
      const end = { kind: 'rejected', reason: 'discount', detail: event.data.reason } as const;
      return undoing({ ...order, discount: { is: 'rejected' } }, end, Date.parse(time));
    }
    case 'OrderValidated':
      return state.status === 'received' ? withOrder(state, { ...order, amounts: event.data }) : state;
    case 'ErpSubmissionRequested':
      return submissionRequested(state, event.data, Date.parse(time));
    case 'ErpAttemptStarted':
      return attemptStarted(state, event.data, Date.parse(time));
    case 'ErpAttemptFailed':
      return attemptFailed(state, event.data, Date.parse(time));
    case 'ErpSubmissionRefused':
      return submissionRefused(state, event.data, Date.parse(time));
    case 'ErpSubmissionFailed':
      return submissionFailed(state, event.data, Date.parse(time));
    case 'ErpSubmissionRetried':
      return submissionRetried(state, Date.parse(time));
    case 'OrderSentToErp':
      return sentToErp(state, event.data, Date.parse(time));
    case 'OrderCompleted':
      return completed(state, event.data.erpRef, Date.parse(time));
    case 'ErpOverdueFlagged':
      return state.status === 'submitting' ? { ...state, overdueFlagged: true } : state;
    case 'ErpDeadlineExceeded':
      return deadlineExceeded(state, Date.parse(time));
    case 'CancellationRequested':
      return cancellationRequested(state, { kind: 'cancelled', ...(event.data.reason && { reason: event.data.reason }) }, Date.parse(time));
    case 'CompensationRequested':
      return cancellationRequested(state, { kind: 'rejected', reason: 'operator', detail: event.data.reason }, Date.parse(time));
    case 'ErpCancellationRequested':
      return erpCancellationRequested(state, event.data, Date.parse(time));
    case 'ErpCancellationAttemptFailed':
      return cancellationAttemptFailed(state, event.data);
    case 'ErpOrderCancelled':
      return erpOrderCancelled(state, event.data, Date.parse(time));
    case 'DiscountReleased':
      return state.status === 'compensating' && order.discount.is === 'applied'
        ? withOrder(state, { ...order, discount: { is: 'released' } })
        : state;
    case 'StockReleased':
      return state.status === 'compensating' && order.stock.is === 'held'
        ? withOrder(state, { ...order, stock: { is: 'released' } })
        : state;
    case 'CompensationFailed':
      return compensationFailed(state, Date.parse(time));
    case 'CompensationRetried':
      return compensationRetried(state, Date.parse(time));
    case 'StepSkipped':
      return state.status === 'received' ? withOrder(state, skipping(order, event.data.step)) : state;
    case 'ResolvedByHand':
      return state.status === 'stuck' && event.data.erp === 'absent' ? withErp(state, { ...state.order.erp, doubt: undefined }) : state;
    case 'ErpRequestEdited': {
      const { customerId, items } = event.data;
      return withOrder(state, { ...order, edited: { customerId, items }, personal: event.private ?? order.personal });
    }
    case 'OrderRejected':
      return ended(state, 'rejected', event.data.compensation);
    case 'OrderCancelled':
      return ended(state, 'cancelled', event.data.compensation);
    case 'OrderResubmitted':
      return withOrder(state, { ...order, resubmission: event.data });
    default:
      return state;
  }
};

const received = (event: Extract<OrderEvent, { type: 'OrderReceived' }>, time: string): OrderState => ({
  status: 'received',
  order: {
    received: event.data,
    personal: event.private,
    receivedAt: time,
    sagaVersion: undefined,
    stock: { is: 'open' },
    discount: event.data.discountCode === undefined ? { is: 'not-wanted' } : { is: 'open', code: event.data.discountCode },
    amounts: undefined,
    erp: undefined,
    resubmission: undefined,
  },
});

const skipping = (order: OrderFacts, step: 'stock' | 'discount'): OrderFacts => {
  if (step === 'stock') return order.stock.is === 'open' ? { ...order, stock: { is: 'skipped' } } : order;
  return order.discount.is === 'open' ? { ...order, discount: { is: 'skipped', code: order.discount.code } } : order;
};

/** The caller changes facts that the status does not narrow. */
const withOrder = (state: Known, order: OrderFacts): OrderState => ({ ...state, order }) as OrderState;

/** How many shortages an order's rejection names; the event `StockRejected` has them all. */
const SHORTAGES_NAMED = 3;

const describeShortages = (shortages: readonly { sku: string; requested: string; available?: string }[]): string => {
  if (shortages.length === 0) return 'released before it was reserved';
  const named = shortages
    .slice(0, SHORTAGES_NAMED)
    .map(({ sku, requested, available }) => `${sku}: ${requested} requested, ${available ?? 'unknown SKU, none'} available`);
  const others = shortages.length - named.length;
  return named.join('; ') + (others > 0 ? `; and ${others} more` : '');
};
