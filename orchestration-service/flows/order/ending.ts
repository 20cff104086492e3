import type { Compensation, OrderCancelled, OrderCompleted, OrderRejected } from '@sagahub/contracts/messages/order.ts';
import type { Compensating, Halted } from './state.ts';

/** The event that ends an order's undoing. */
export const endedEvent = (
  { end, order }: Compensating | Halted,
  compensation: Compensation,
): OrderRejected | OrderCancelled | OrderCompleted => {
  if (end.kind === 'completed')
    return { type: 'OrderCompleted', data: { erpRef: end.erpRef, total: order.amounts?.total ?? order.received.subtotal } };
  if (end.kind === 'cancelled')
    return { type: 'OrderCancelled', data: { ...(end.reason !== undefined && { reason: end.reason }), compensation } };
  const { reason, detail } = end;
  return { type: 'OrderRejected', data: { reason, ...(detail !== undefined && { detail }), compensation } };
};
