import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { ORDER, type OrderReceived, type OrderState, type OrderStatus } from '@sagahub/contracts/messages/order.ts';
import { DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import type { KnownEvent, OrderChanges } from './order-change.ts';
import { changesBy } from './order-changes.ts';
import { lettersInto } from './dead-letters.ts';
import { withDeadLetters } from './order-dead-letters.ts';
import { type OrderDocument, ORDERS } from './order-document.ts';
import { type Fold, named, type Whole } from './projection.ts';

/** What a partner sees of a state, unless the order is stuck or waits. */
const STATUS_OF: Readonly<Record<OrderState, OrderStatus>> = {
  Initiated: 'received',
  StockReserved: 'processing',
  DiscountApplied: 'processing',
  Validated: 'processing',
  SendingToErp: 'processing',
  SentToErp: 'processing',
  Compensating: 'compensating',
  Completed: 'completed',
  Rejected: 'rejected',
  Cancelled: 'cancelled',
};

/** One document per order. An event type it does not know moves revision and time alone. */
export const orderFold: Fold<OrderDocument> = {
  category: ORDER,
  collection: ORDERS,
  apply: (before, event) => {
    const known = event as unknown as KnownEvent;
    if (known.type === 'OrderReceived') return received(known, event);
    if (!before) throw new Error(`an order begins with OrderReceived, not with ${event.type}`);
    return finish(before, {
      ...changesBy(before, known, event.metadata.time),
      deadLetters: withDeadLetters(before, known, event),
      updatedAt: event.metadata.time,
    });
  },
  derive: lettersInto(DEAD_LETTERS),
  tally: (order) => {
    const counters = ['accepted', STATUS_COUNTER[order.status], STATE_COUNTER[order.state]];
    if (order.overdue) counters.push('overdue');
    for (const letter of order.deadLetters) if (letter.state === 'open') counters.push(`dead-letter:${letter.origin}`);
    return counters;
  },
  ended: (order) => order.endedAt !== undefined,
};

const STATE_COUNTER = named('state', Object.keys(STATUS_OF) as OrderState[]);
const STATUS_COUNTER = named('status', [...Object.values(STATUS_OF), 'waiting', 'stuck'] as OrderStatus[]);

const received = ({ data, private: personal }: OrderReceived, { metadata: { time, correlationId } }: RecordedEvent): OrderDocument => {
  const { discountCode } = data;
  const order: Whole<OrderDocument> = {
    orderId: data.orderId,
    orderNumber: data.orderNumber,
    partnerId: data.partnerId,
    clientId: data.clientId,
    channel: data.channel,
    correlationId,
    status: 'received',
    state: 'Initiated',
    waiting: undefined,
    buyerId: data.buyerId,
    personal,
    currency: data.currency,
    lines: data.lines,
    subtotal: data.subtotal,
    discount: discountCode === undefined ? undefined : { code: discountCode },
    total: undefined,
    orderedAt: data.orderedAt,
    requestedDeliveryDate: data.requestedDeliveryDate,
    metadata: data.metadata,
    receivedAt: time,
    updatedAt: time,
    endedAt: undefined,
    erp: undefined,
    rejection: undefined,
    cancellation: undefined,
    compensation: undefined,
    handover: undefined,
    faults: 0,
    deadLetters: [],
    submission: data.submission,
    resubmissionOf: data.resubmissionOf,
    resubmittedAs: undefined,
    overdue: undefined,
  };
  return order as OrderDocument;
};

/** Merges, and derives what follows from the rest. */
const finish = (before: OrderDocument, changes: OrderChanges): OrderDocument => {
  const order = { ...before, ...changes } as Whole<OrderDocument> & Pick<OrderDocument, 'state' | 'deadLetters'>;
  order.status = statusOf(order);
  order.overdue = order.erp?.overdueSince !== undefined && order.endedAt === undefined ? true : undefined;
  return order as OrderDocument;
};

const statusOf = ({
  state,
  deadLetters,
  waiting,
}: Pick<OrderDocument, 'state' | 'deadLetters'> & Pick<OrderChanges, 'waiting'>): OrderStatus => {
  if (deadLetters.some((letter) => letter.state === 'open')) return 'stuck';
  const status = STATUS_OF[state];
  return waiting && (status === 'received' || status === 'processing') ? 'waiting' : status;
};
