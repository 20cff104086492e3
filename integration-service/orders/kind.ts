import type { PlaceOrder } from '@sagahub/contracts/api/orders.ts';
import { orderIdOf } from '@sagahub/contracts/ids.ts';
import { ORDER, type OrderPersonalData, type OrderReceived, type OrderState, type OrderStatus } from '@sagahub/contracts/messages/order.ts';
import { subtotalOf } from '@sagahub/contracts/money.ts';
import { subjectOf } from '@sagahub/contracts/personal-data.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { type IntakeKind, linksOf, openLinksOf, pathOf, type Submission } from '../intake/kind.ts';

export const ORDERS_PATH = '/api/v1/orders';

/** Which submission of an order number this is. */
export interface Resubmission {
  /** 2 for the first resubmission. */
  readonly submission: number;
  /** Id of the ended order it replaces. */
  readonly resubmissionOf: string;
}

export type OrderSubmission = Submission<PlaceOrder> & (Resubmission | { readonly submission: 1; readonly resubmissionOf?: never });

const ENDINGS: Readonly<Partial<Record<string, OrderStatus>>> = {
  Completed: 'completed',
  Rejected: 'rejected',
  Cancelled: 'cancelled',
} satisfies Partial<Record<OrderState, OrderStatus>>;

export const orderKind: IntakeKind<OrderSubmission, OrderStatus> = {
  flow: ORDER,
  path: ORDERS_PATH,
  eventType: 'OrderReceived' satisfies OrderReceived['type'],
  idOf: (namespace, partnerId, { command, submission }) => orderIdOf(namespace, partnerId, command.orderNumber, submission),
  clear: ({ command, submission, resubmissionOf }, orderId, receipt): OrderReceived['data'] => {
    const { buyer, shipTo: _shipTo, note: _note, ...order } = command;
    const subtotal = subtotalOf(command.lines, command.currency);
    const successor = resubmissionOf === undefined ? { submission } : { submission, resubmissionOf };
    return { orderId, ...receipt, ...successor, ...order, buyerId: buyer.id, subtotal };
  },
  sealed: ({ command }): OrderPersonalData => {
    const { id: _id, ...buyer } = command.buyer;
    return { buyer, shipTo: command.shipTo, ...(command.note !== undefined && { note: command.note }) };
  },
  subject: ({ command }, partnerId) => subjectOf(partnerId, command.buyer.id),
  nameReused: {
    code: 'HUB_ORDER_NUMBER_REUSED',
    detail: ({ command }) =>
      `order number ${command.orderNumber} was accepted before with other content; an order number is used once. Look at that order, send this one under a number of its own, or, if that one ended without effect, resubmit it`,
  },
  accepted: 'received',
  endings: ENDINGS,
  // As long as nothing says that it has ended.
  acts: (status) => (Object.values(ENDINGS).includes(status) ? [] : ['cancel']),
  metrics: { received: METRICS.ordersReceived, replayed: METRICS.ordersReplayed, refused: METRICS.ordersRefused },
};

export const orderPath = (orderId: string): string => pathOf(orderKind, orderId);
export const orderLinks = (orderId: string) => linksOf(orderKind, orderId);
/** And where it can be cancelled: an order that was just accepted, or is not known to have ended. */
export const openOrderLinks = (orderId: string) => openLinksOf(orderKind, orderId, orderKind.accepted);
