import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { difference, percentOf, sumOf, zero } from '@sagahub/contracts/money.ts';
import type { StockReservation } from '@sagahub/contracts/ports/stock.ts';
import type { DecideInput, Decision, SagaVersion } from '@sagahub/contracts/saga.ts';
import { ask, type Asks, type BreakerHistoryRequest, type DiscountRequest, type StockRequest } from './asks.ts';
import { endedEvent } from './ending.ts';
import type { OrderPolicy } from './policy.ts';
import { unwantedEffect } from '../effect/effect.ts';
import { absenceMs, type Compensating, isErpUndone, keptAtErp, type OrderState, type Received, type Submitting } from './state.ts';
import { ERP_DEADLINE, ERP_OVERDUE } from './steps.ts';

/** Stock, then discount, then ERP; undone in reverse. */
export const decideV1 = (policy: OrderPolicy): SagaVersion<OrderState> => ({
  decide: (state, input) => {
    switch (state.status) {
      case 'received':
        return forward(policy, state);
      case 'submitting':
        return input.step === ERP_OVERDUE ? overdue(state, input) : input.step === ERP_DEADLINE ? deadline(state, input) : REST;
      case 'sent': {
        const { erpRef, order } = state;
        return record({ type: 'OrderCompleted', data: { erpRef, total: order.amounts?.total ?? order.received.subtotal } });
      }
      case 'compensating':
        return undo(state);
      default:
        return REST;
    }
  },
  answer: (state, { participant, request }, outcome, input) => {
    if (state.status === 'received' && (request as { kind: string }).kind === 'release')
      return forward(policy, state, participant === 'stock' ? { stock: true } : { stock: true, discount: true });
    if (participant === 'stock') return stockAnswered(state, request as StockRequest, outcome as Asks['stock']['outcome']);
    if (participant === 'discount') return discountAnswered(state, request as DiscountRequest, outcome as Asks['discount']['outcome']);
    return breakerAnswered(state, request as BreakerHistoryRequest, outcome as Asks['breaker-history']['outcome'], input);
  },
});

const REST: Decision = { kind: 'rest' };
const record = (...events: readonly OrderEvent[]): Decision => ({ kind: 'record', events });

/** @param given what was skipped and is known to be given back: it may have been taken by a try that failed later */
const forward = (
  policy: OrderPolicy,
  { order }: Received,
  given: { readonly stock?: boolean; readonly discount?: boolean } = {},
): Decision => {
  const { received, receivedAt, stock, discount } = order;
  if (stock.is === 'open') return ask('stock', { kind: 'reserve', reservation: reservationOf(received) });
  if (stock.is === 'skipped' && !given.stock) return ask('stock', { kind: 'release', holder: received.orderId });
  if (discount.is === 'skipped' && !given.discount) return ask('discount', { kind: 'release', holder: received.orderId });
  if (discount.is === 'open')
    return ask('discount', { kind: 'redeem', redemption: { holder: received.orderId, code: discount.code, at: receivedAt } });
  const { subtotal, currency } = received;
  const reduction = discount.is === 'applied' ? discount.amount : zero(currency);
  return record(
    { type: 'OrderValidated', data: { subtotal, discount: reduction, total: difference(subtotal, reduction, currency) } },
    {
      type: 'ErpSubmissionRequested',
      data: { connector: policy.connector, overdueAfterMs: policy.overdueAfterMs, deadlineMs: policy.deadlineMs },
    },
  );
};

/** Each SKU once, however many lines name it. */
const reservationOf = ({ orderId, lines }: Received['order']['received']): StockReservation => {
  const quantities = new Map<string, string>();
  for (const { sku, quantity } of lines) {
    const sum = quantities.get(sku);
    quantities.set(sku, sum === undefined ? quantity : sumOf([sum, quantity]));
  }
  return { holder: orderId, items: Array.from(quantities, ([sku, quantity]) => ({ sku, quantity })) };
};

const stockAnswered = (state: OrderState, request: StockRequest, outcome: Asks['stock']['outcome']): Decision => {
  if (request.kind === 'release') return state.status === 'compensating' ? stockReleased(state) : REST;
  if (state.status !== 'received') return REST;
  // Released already: this state is stale and the append will say so. If it is not, the order must not wait for ever.
  if (outcome.kind !== 'reserved')
    return record({ type: 'StockRejected', data: { shortages: outcome.kind === 'rejected' ? outcome.shortages : [] } });
  return record({ type: 'StockReserved', data: { items: request.reservation.items } });
};

const discountAnswered = (state: OrderState, request: DiscountRequest, outcome: Asks['discount']['outcome']): Decision => {
  if (request.kind === 'release') return state.status === 'compensating' ? discountReleased(state) : REST;
  if (state.status !== 'received') return REST;
  const { code } = request.redemption;
  if (outcome.kind !== 'applied')
    return record({ type: 'DiscountRejected', data: { code, reason: outcome.kind === 'rejected' ? outcome.reason : 'released' } });
  const { subtotal, currency } = state.order.received;
  const amount = percentOf(subtotal, outcome.percent, currency);
  return record({ type: 'DiscountApplied', data: { code, percent: outcome.percent, amount } });
};

/** In reverse order of doing. What is recorded is released with a record; what is merely in doubt is released without. */
const undo = (state: Compensating): Decision => {
  const { order, end, cancellation } = state;
  if (order.erp && !isErpUndone(order, end)) {
    if (cancellation) return REST;
    const erpRef = unwantedEffect(order.erp, keptAtErp(end))?.reference;
    return record({
      type: 'ErpCancellationRequested',
      data: { connector: order.erp.connector, ...(erpRef !== undefined && { erpRef }) },
    });
  }
  if (end.kind === 'completed') return record(endedEvent(state, 'full'));
  const { is } = order.discount;
  return is === 'applied' || is === 'open' || is === 'skipped' ? ask('discount', release(state)) : undoStock(state);
};

const undoStock = (state: Compensating): Decision => {
  const { is } = state.order.stock;
  return is === 'held' || is === 'open' || is === 'skipped' ? ask('stock', release(state)) : end(state);
};

const discountReleased = (state: Compensating): Decision => {
  const { discount } = state.order;
  return discount.is === 'applied' ? record({ type: 'DiscountReleased', data: { code: discount.code } }) : undoStock(state);
};

const stockReleased = (state: Compensating): Decision => {
  const { stock } = state.order;
  return stock.is === 'held' ? record({ type: 'StockReleased', data: { items: stock.items } }) : end(state);
};

const release = ({ order }: Compensating) => ({ kind: 'release', holder: order.received.orderId }) as const;

/** Stock is the first thing an order takes: without it there was nothing to undo. */
const end = (state: Compensating): Decision => record(endedEvent(state, state.order.stock.is === 'released' ? 'full' : 'none'));

const overdue = ({ sinceMs, overdueFlagged, order }: Submitting, { nowMs }: DecideInput): Decision => {
  if (overdueFlagged) return REST;
  const dueAtMs = sinceMs + order.erp.overdueAfterMs;
  if (nowMs < dueAtMs) return { kind: 'wait', untilMs: dueAtMs };
  return record({ type: 'ErpOverdueFlagged', data: { requestedAt: new Date(sinceMs).toISOString() } });
};

const deadline = ({ sinceMs, order }: Submitting, { nowMs }: DecideInput): Decision => {
  const { connector, deadlineMs } = order.erp;
  if (nowMs < sinceMs + deadlineMs) return { kind: 'wait', untilMs: sinceMs + deadlineMs };
  return ask('breaker-history', { connector, sinceMs, untilMs: nowMs });
};

/**
 * The clock stood still while the breaker was open, and while the hub itself made no attempts: an outage of any length, of the ERP or of
 * the hub, rejects nobody. The two overlap, so the longer one counts.
 */
const breakerAnswered = (
  state: OrderState,
  request: BreakerHistoryRequest,
  { openMs }: { openMs: number },
  { nowMs }: DecideInput,
): Decision => {
  if (state.status !== 'submitting') return REST;
  const { deadlineMs } = state.order.erp;
  const absentMs = state.absentMs + absenceMs(state.nextAtMs, request.untilMs);
  const waitedMs = request.untilMs - request.sinceMs - Math.max(openMs, absentMs);
  if (waitedMs < deadlineMs) return { kind: 'wait', untilMs: nowMs + deadlineMs - waitedMs };
  return record({ type: 'ErpDeadlineExceeded', data: { waitedMs } });
};
