import { orderPage, orderView, timelineView } from '@sagahub/contracts/api/order-views.ts';
import { ORDER_STATUSES, type OrderPersonalData, type OrderStatus } from '@sagahub/contracts/messages/order.ts';
import { ordersProjection } from '../projections/index.ts';
import { orderFold } from '../projections/order.ts';
import type { OrderDocument } from '../projections/order-document.ts';
import type { FlowView, Personal } from './flow-view.ts';
import { describeOrderEvent, measureOrder } from './order-texts.ts';

const PATH = '/api/v1/orders';
const selfOf = (orderId: string): string => `${PATH}/${orderId}`;

const IN_FLIGHT: readonly OrderStatus[] = ['received', 'processing', 'waiting', 'compensating', 'stuck'];

/** How orders are read. */
export const orderFlowView: FlowView<OrderDocument> = {
  projection: ordersProjection,
  fold: orderFold,
  path: PATH,
  scope: 'orders:read',
  words: {
    one: 'order',
    many: 'orders',
    aOne: 'an order',
    number: 'order number',
    timeline: 'Intake, saga, every attempt at the ERP and at subscribers.',
    operation: 'Order',
    operations: 'Orders',
    tag: 'Orders',
  },
  fields: { id: 'orderId', number: 'orderNumber' },
  statuses: ORDER_STATUSES,
  inFlight: IN_FLIGHT.map((status) => ({ status: { eq: status } })),
  schemas: { one: orderView, page: orderPage, timeline: timelineView },
  connectorOf: ({ waiting, erp }) => (waiting?.for === 'erp' || waiting?.for === 'erp-cancellation' ? erp?.connector : undefined),
  fieldsOf: (order) => ({
    currency: order.currency,
    subtotal: order.subtotal,
    ...(order.total !== undefined && { total: order.total }),
    lineCount: order.lines.length,
    ...(order.erp?.reference !== undefined && { erpRef: order.erp.reference }),
    ...(order.overdue && order.erp?.overdueSince !== undefined && { overdueSince: order.erp.overdueSince }),
  }),
  detailOf: (order, personal) => ({
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
  }),
  linksOf: (order) => ({
    ...(isCancellable(order) && { cancel: `${selfOf(order.orderId)}/cancel` }),
    ...(isResubmittable(order) && { resubmit: `${selfOf(order.orderId)}/resubmit` }),
    ...(order.resubmissionOf !== undefined && { resubmissionOf: selfOf(order.resubmissionOf) }),
    ...(order.resubmittedAs !== undefined && { resubmittedAs: selfOf(order.resubmittedAs) }),
  }),
  describe: describeOrderEvent,
  measure: measureOrder,
};

const personalFields = (id: string, personal: Personal): object => {
  if (personal === 'sealed') return { buyer: { id, sealed: true }, shipTo: { sealed: true } };
  if (personal === 'erased') return { buyer: { id, erased: true }, shipTo: { erased: true } };
  const { buyer, shipTo, note } = personal as unknown as OrderPersonalData;
  return { buyer: { id, ...buyer }, shipTo: { ...shipTo }, ...(note !== undefined && { note }) };
};

const isCancellable = ({ status, cancellation }: OrderDocument): boolean =>
  !cancellation && status !== 'completed' && status !== 'rejected' && status !== 'cancelled';

const isResubmittable = ({ status, compensation, resubmittedAs }: OrderDocument): boolean =>
  (status === 'rejected' || status === 'cancelled') && compensation !== 'partial' && resubmittedAs === undefined;
