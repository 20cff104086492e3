import type { OrderSummary, OrderView, TimelineView } from '@sagahub/contracts/api/order-views.ts';
import { deadLettersText, timelineTable, waitingText, waitsFor, withheld } from './object-report.ts';
import { facts, moment, table } from './output.ts';

export const orderTable = (orders: readonly OrderSummary[], withPartner: boolean): string =>
  table(
    ['order', 'number', ...(withPartner ? ['partner'] : []), 'status', 'total', 'received', 'ERP', 'waits for'],
    orders.map((order) => [
      order.orderId,
      order.orderNumber,
      ...(withPartner ? [order.partnerId] : []),
      order.status,
      `${order.total ?? order.subtotal} ${order.currency}`,
      moment(order.receivedAt),
      order.erpRef,
      waitsFor(order),
    ]),
  );

/** One order and its timeline. @param at the moment it is shown as of */
export const orderReport = (order: OrderView, timeline: TimelineView, at?: string): string => {
  const { buyer, shipTo, rejection, discount } = order;
  return [
    facts({
      order: order.orderId,
      number: order.orderNumber,
      partner: order.partnerId,
      status: order.status,
      'waits for': order.waiting && waitingText(order.waiting),
      'rejected because': rejection && [rejection.reason, rejection.detail].filter(Boolean).join(': '),
      undone: order.compensation,
      'was undone': order.handover && (order.handover.undone.map(takenText).join('; ') || 'nothing'),
      'not undone': order.handover?.notUndone.map(takenText).join('; '),
      total: `${order.total ?? order.subtotal} ${order.currency} (${order.lineCount} ${order.lineCount === 1 ? 'line' : 'lines'})`,
      discount: discount && `${discount.code} ${discount.amount ?? ''}`.trim(),
      buyer: `${buyer.id} ${buyer.name ?? withheld(buyer)}`.trim(),
      'ship to':
        [shipTo.name, shipTo.street, shipTo.postalCode, shipTo.city, shipTo.country].filter(Boolean).join(', ') || withheld(shipTo),
      ERP: order.erpRef,
      received: moment(order.receivedAt),
      ended: moment(order.endedAt),
      'dead letters': deadLettersText(order),
    }),
    timelineTable(timeline.entries, at),
  ].join('\n\n');
};

const takenText = (taken: NonNullable<OrderView['handover']>['undone'][number]): string => {
  switch (taken.of) {
    case 'erp':
      return `the order at the ERP (${taken.erpRef ?? 'it may be there; look it up'})`;
    case 'discount':
      return `discount ${taken.code}`;
    case 'stock':
      return `stock ${taken.items.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ')}`;
  }
};
