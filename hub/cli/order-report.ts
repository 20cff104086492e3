import type { WaitingView } from '@sagahub/contracts/api/object-views.ts';
import type { OrderSummary, OrderView, TimelineView } from '@sagahub/contracts/api/order-views.ts';
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
      order.waiting && waitingText({ ...order.waiting, reason: order.health?.cause ?? order.waiting.cause }),
    ]),
  );

/** One order and its timeline. @param at the moment it is shown as of */
export const orderReport = (order: OrderView, timeline: TimelineView, at?: string): string => {
  const { buyer, shipTo, rejection, discount } = order;
  const entries = timeline.entries.filter((entry) => at === undefined || entry.at <= at);
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
      'dead letters': order.deadLetters.map(({ deadLetterId, state }) => `${deadLetterId} (${state})`).join(', ') || undefined,
    }),
    table(
      ['when', 'what', '', 'by'],
      entries.map((entry) => [moment(entry.at), entry.title, entry.detail, entry.actor]),
    ),
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

export const waitingText = ({ for: whom, attempt, round, nextAt, reason }: Waiting): string => {
  const turn = round ? `attempt ${round.attempt} of ${round.of}` : attempt && `attempt ${attempt}`;
  return [whom, turn, nextAt && `at ${moment(nextAt)}`, reason].filter(Boolean).join(', ');
};
type Waiting = Omit<WaitingView, 'since' | 'reason'> & { readonly reason?: string | undefined };

const withheld = ({ sealed, erased }: { readonly sealed?: true | undefined; readonly erased?: true | undefined }): string =>
  erased ? '(erased)' : sealed ? '(sealed)' : '';
