import type { Compensation, Handover, OrderCancelled, OrderCompleted, OrderRejected, Taken } from '@sagahub/contracts/messages/order.ts';
import type { Compensating, Halted, OrderFacts } from './state.ts';

/** The event that ends an order's undoing. */
export const endedEvent = (
  { end, order }: Compensating | Halted,
  compensation: Compensation,
): OrderRejected | OrderCancelled | OrderCompleted => {
  if (end.kind === 'completed')
    return { type: 'OrderCompleted', data: { erpRef: end.erpRef, total: order.amounts?.total ?? order.received.subtotal } };
  const ended = { compensation, ...(compensation === 'partial' && { handover: handoverOf(order) }) };
  if (end.kind === 'cancelled')
    return { type: 'OrderCancelled', data: { ...(end.reason !== undefined && { reason: end.reason }), ...ended } };
  const { reason, detail } = end;
  return { type: 'OrderRejected', data: { reason, ...(detail !== undefined && { detail }), ...ended } };
};

/** What the order had taken, by whether it was given back. What is in doubt at the ERP was not: somebody has to look. */
export const handoverOf = ({ stock, discount, erp, received }: OrderFacts): Handover => {
  const undone: Taken[] = [];
  const notUndone: Taken[] = [];
  for (const { reference: erpRef, live } of erp?.effects ?? []) (live ? notUndone : undone).push({ of: 'erp', erpRef });
  if (erp && !erp.settled && notUndone.length === 0) notUndone.push({ of: 'erp' });
  if (discount.is === 'applied') notUndone.push({ of: 'discount', code: discount.code });
  if (discount.is === 'released') undone.push({ of: 'discount', code: received.discountCode ?? '' });
  if (stock.is === 'held') notUndone.push({ of: 'stock', items: stock.items });
  return { undone, notUndone };
};
