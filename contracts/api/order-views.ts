/** What partners, auditors and operators read about orders: the answers of `read-model/queries/`. Amounts are decimal strings. */
import { z } from 'zod';
import { ORDER_STATES, ORDER_STATUSES } from '../messages/order.ts';
import { amount, healthViewOf, lettersView, pageOf, time, timelineEntry, waitingViewOf, webhookCounts } from './object-views.ts';

const compensation = z.enum(['none', 'full', 'partial']);

const taken = z
  .union([
    z.object({ of: z.literal('erp'), erpRef: z.string().optional() }),
    z.object({ of: z.literal('discount'), code: z.string() }),
    z.object({ of: z.literal('stock'), items: z.array(z.object({ sku: z.string(), quantity: amount })).readonly() }),
  ])
  .meta({ id: 'OrderTaken' });

/** Instead of personal data: `sealed` when the caller may not read it, `erased` when its subject's key is gone. */
const withheld = { sealed: z.literal(true).optional(), erased: z.literal(true).optional() };

const waitingView = waitingViewOf('OrderWaiting', 'the order', ['erp', 'erp-cancellation', 'operator', 'retry']);
const healthView = healthViewOf('OrderHealth', 'orders', ['hub', 'erp', 'erp-cancellation', 'retry', 'operator']);

const lineView = z.object({
  lineNumber: z.int().positive(),
  sku: z.string(),
  description: z.string().optional(),
  quantity: amount,
  unit: z.string().optional(),
  unitPrice: amount,
});

const summaryFields = {
  orderId: z.uuid(),
  orderNumber: z.string(),
  partnerId: z.string(),
  status: z.enum(ORDER_STATUSES),
  state: z.enum(ORDER_STATES).describe("the saga's own state"),
  waiting: waitingView.optional(),
  health: healthView.optional().describe('while it is in flight or stuck'),
  currency: z.string().length(3),
  subtotal: amount,
  total: amount.optional().describe('known once stock and discount are settled'),
  lineCount: z.int().positive(),
  erpRef: z.string().optional(),
  overdueSince: time.optional().describe('since when the ERP takes longer than it should'),
  receivedAt: time,
  updatedAt: time,
  endedAt: time.optional(),
};

export const orderSummary = z
  .object({ ...summaryFields, links: z.object({ self: z.string(), timeline: z.string() }) })
  .meta({ id: 'OrderSummary' });
export type OrderSummary = z.output<typeof orderSummary>;

export const orderView = z
  .object({
    ...summaryFields,
    revision: z.int().nonnegative(),
    correlationId: z.string(),
    submission: z.int().positive(),
    resubmissionOf: z.uuid().optional(),
    resubmittedAs: z.uuid().optional(),
    orderedAt: z.string().optional(),
    requestedDeliveryDate: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    lines: z.array(lineView),
    discount: z.object({ code: z.string(), percent: amount.optional(), amount: amount.optional() }).optional(),
    buyer: z.object({
      id: z.string(),
      name: z.string().optional(),
      email: z.string().optional(),
      taxId: z.string().optional(),
      ...withheld,
    }),
    shipTo: z.object({
      name: z.string().optional(),
      street: z.string().optional(),
      city: z.string().optional(),
      postalCode: z.string().optional(),
      country: z.string().optional(),
      ...withheld,
    }),
    note: z.string().optional(),
    rejection: z.object({ reason: z.string(), detail: z.string().optional() }).optional(),
    cancellation: z.object({ requestedAt: time, by: z.string(), reason: z.string().optional() }).optional(),
    compensation: compensation.optional().describe('what was undone, once the order has ended without being completed'),
    handover: z
      .object({ undone: z.array(taken).readonly(), notUndone: z.array(taken).readonly() })
      .readonly()
      .optional()
      .describe('of a `partial` one: exactly what was undone, and what has to be settled by hand'),
    attempts: z.object({ erp: z.int().nonnegative(), erpCancellation: z.int().nonnegative(), faults: z.int().nonnegative() }),
    webhooks: webhookCounts('the order'),
    deadLetters: lettersView,
    links: z.object({
      self: z.string(),
      timeline: z.string(),
      cancel: z.string().optional(),
      resubmit: z.string().optional(),
      resubmissionOf: z.string().optional(),
      resubmittedAs: z.string().optional(),
    }),
  })
  .meta({ id: 'Order' });
export type OrderView = z.output<typeof orderView>;

export const orderPage = pageOf('OrderPage', orderSummary);
export type OrderPage = z.output<typeof orderPage>;

export const timelineView = z
  .object({ orderId: z.uuid(), orderNumber: z.string(), status: z.enum(ORDER_STATUSES), entries: z.array(timelineEntry) })
  .meta({ id: 'Timeline' });
export type TimelineView = z.output<typeof timelineView>;

/** `data` of an `order` message of the event stream on `/api/v1/orders`. */
export const orderChange = z
  .object({
    orderId: z.uuid(),
    orderNumber: z.string(),
    partnerId: z.string(),
    revision: z.int().nonnegative(),
    type: z.string().describe('the event that changed it'),
    at: time,
    status: z.enum(ORDER_STATUSES),
    state: z.enum(ORDER_STATES),
    waiting: waitingView.optional(),
  })
  .meta({ id: 'OrderChange' });
export type OrderChange = z.output<typeof orderChange>;
