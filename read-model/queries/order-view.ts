import type { OrderChange, OrderSummary, OrderView, WaitingView } from '@sagahub/contracts/api/order-views.ts';
import type { OrderPersonalData } from '@sagahub/contracts/messages/order.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { BreakerDocument } from '../projections/breaker.ts';
import type { OrderDocument } from '../projections/order-document.ts';
import { healthOf } from './health.ts';
import type { OrderAt } from './order-reader.ts';

export const ORDERS_PATH = '/api/v1/orders';
const selfOf = (orderId: string): string => `${ORDERS_PATH}/${orderId}`;
const linksOf = (orderId: string) => ({ self: selfOf(orderId), timeline: `${selfOf(orderId)}/timeline` });

/** Personal data as the caller gets it. */
export type Personal = OrderPersonalData | 'sealed' | 'erased';

/** Breakers that are open, by connector: what waits for one of them waits for that reason. */
export type OpenBreakers = ReadonlyMap<string, BreakerDocument>;

/** @param nowMs what its health is told as of */
export const summaryOf = (order: OrderDocument, breakers: OpenBreakers, nowMs: number): OrderSummary => ({
  ...sharedFields(order, breakers, nowMs),
  links: linksOf(order.orderId),
});

/** @param nowMs what its health is told as of */
export const viewOf = (
  { order, revision }: OrderAt,
  personal: Personal,
  breakers: OpenBreakers,
  nowMs: number,
  webhooks?: OrderView['webhooks'],
): OrderView => ({
  ...sharedFields(order, breakers, nowMs),
  revision,
  correlationId: order.correlationId,
  submission: order.submission,
  ...(order.resubmissionOf !== undefined && { resubmissionOf: order.resubmissionOf }),
  ...(order.resubmittedAs !== undefined && { resubmittedAs: order.resubmittedAs }),
  ...(order.orderedAt !== undefined && { orderedAt: order.orderedAt }),
  ...(order.requestedDeliveryDate !== undefined && { requestedDeliveryDate: order.requestedDeliveryDate }),
  ...(order.metadata && { metadata: { ...order.metadata } }),
  lines: order.lines.map((line) => ({ ...line })),
  ...(order.discount && { discount: { ...order.discount } }),
  ...personalFields(order.buyerId, personal),
  ...(order.rejection && { rejection: { ...order.rejection } }),
  ...(order.cancellation && { cancellation: { ...order.cancellation } }),
  ...(order.compensation && { compensation: order.compensation }),
  ...(order.handover && { handover: order.handover }),
  attempts: { erp: order.erp?.attempts ?? 0, erpCancellation: order.erp?.cancellationAttempts ?? 0, faults: order.faults },
  ...(webhooks && { webhooks }),
  deadLetters: order.deadLetters.map(({ deadLetterId, origin, state, reason, failedAt }) => ({
    deadLetterId,
    origin,
    state,
    reason,
    failedAt,
  })),
  links: {
    ...linksOf(order.orderId),
    ...(isCancellable(order) && { cancel: `${selfOf(order.orderId)}/cancel` }),
    ...(isResubmittable(order) && { resubmit: `${selfOf(order.orderId)}/resubmit` }),
    ...(order.resubmissionOf !== undefined && { resubmissionOf: selfOf(order.resubmissionOf) }),
    ...(order.resubmittedAs !== undefined && { resubmittedAs: selfOf(order.resubmittedAs) }),
  },
});

/** What an event changed; `order` is folded up to it. */
export const changeOf = (event: RecordedEvent, order: OrderDocument, breakers: OpenBreakers): OrderChange => {
  const { orderId, orderNumber, partnerId, status, state, waiting } = sharedFields(order, breakers, 0);
  const { revision, type, metadata } = event;
  return { orderId, orderNumber, partnerId, revision, type, at: metadata.time, status, state, ...(waiting && { waiting }) };
};

const sharedFields = (order: OrderDocument, breakers: OpenBreakers, nowMs: number): Omit<OrderSummary, 'links'> => {
  const waiting = waitingOf(order, breakers);
  const health = healthOf(order, breakers, nowMs);
  return {
    orderId: order.orderId,
    orderNumber: order.orderNumber,
    partnerId: order.partnerId,
    status: order.status,
    state: order.state,
    ...(waiting && { waiting }),
    ...(health && { health }),
    currency: order.currency,
    subtotal: order.subtotal,
    ...(order.total !== undefined && { total: order.total }),
    lineCount: order.lines.length,
    ...(order.erp?.reference !== undefined && { erpRef: order.erp.reference }),
    ...(order.overdue && order.erp?.overdueSince !== undefined && { overdueSince: order.erp.overdueSince }),
    receivedAt: order.receivedAt,
    updatedAt: order.updatedAt,
    ...(order.endedAt !== undefined && { endedAt: order.endedAt }),
  };
};

/** While the breaker is open nothing is tried: that, and not the last failure, is what the order waits for. */
const waitingOf = (order: OrderDocument, breakers: OpenBreakers): WaitingView | undefined => {
  const { waiting } = order;
  const breaker = order.erp && breakers.get(order.erp.connector);
  if (!waiting || !breaker || (waiting.for !== 'erp' && waiting.for !== 'erp-cancellation')) return waiting;
  const { nextAt: _nextAt, cause: _cause, ...rest } = waiting;
  const reason = `nothing is sent to ${breaker.connector} since ${breaker.since}: ${breaker.cause ?? 'its breaker was opened'}`;
  return { ...rest, ...(breaker.probeAt !== undefined && { nextAt: breaker.probeAt }), reason };
};

const personalFields = (id: string, personal: Personal): Pick<OrderView, 'buyer' | 'shipTo' | 'note'> => {
  if (personal === 'sealed') return { buyer: { id, sealed: true }, shipTo: { sealed: true } };
  if (personal === 'erased') return { buyer: { id, erased: true }, shipTo: { erased: true } };
  const { buyer, shipTo, note } = personal;
  return { buyer: { id, ...buyer }, shipTo: { ...shipTo }, ...(note !== undefined && { note }) };
};

const isCancellable = ({ status, cancellation }: OrderDocument): boolean =>
  !cancellation && status !== 'completed' && status !== 'rejected' && status !== 'cancelled';

const isResubmittable = ({ status, compensation, resubmittedAs }: OrderDocument): boolean =>
  (status === 'rejected' || status === 'cancelled') && compensation !== 'partial' && resubmittedAs === undefined;
