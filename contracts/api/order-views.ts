/** What partners, auditors and operators read about orders: the answers of `read-model/queries/`. Amounts are decimal strings. */
import { z } from 'zod';
import { ORDER_STATES, ORDER_STATUSES } from '../messages/order.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const amount = z.string().describe('decimal string');
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

export const waitingView = z
  .object({
    for: z.enum(['erp', 'erp-cancellation', 'operator', 'retry']).describe('whom or what the order waits for'),
    since: time,
    attempt: z.int().positive().optional().describe('number of the attempt that is next or under way'),
    nextAt: time.optional().describe('when it is tried again; absent: under way now, or not before somebody acts'),
    reason: z.string().optional().describe('what went wrong last, or why nothing is tried at present'),
    cause: z.string().optional().describe('groups what went wrong last, such as `http-503`'),
    round: z.object({ attempt: z.int(), of: z.int() }).optional().describe('attempt n of N, since somebody last asked for another round'),
  })
  .meta({ id: 'OrderWaiting' });
export type WaitingView = z.output<typeof waitingView>;

export const HEALTH_STATES = ['moving', 'waiting', 'overdue', 'stuck'] as const;
export const WAITS_FOR = ['hub', 'erp', 'erp-cancellation', 'retry', 'operator'] as const;
export const healthView = z
  .object({
    state: z
      .enum(HEALTH_STATES)
      .describe('`moving`: under way; `overdue`: it takes longer than it should; `stuck`: only an operator moves it on'),
    waitsFor: z.enum(WAITS_FOR),
    cause: z.string().describe('stable: groups orders that wait, or are stuck, for one reason'),
    reason: z.string().optional(),
    step: z.string().optional().describe('what it is at'),
    attempt: z.int().positive().optional().describe('the attempt that is next or under way'),
    round: z.object({ attempt: z.int(), of: z.int() }).optional().describe('the same as n of N'),
    nextAt: time.optional().describe('when it is tried again'),
    since: time.describe('since when it waits for this'),
    stalledSince: time.optional().describe('since when something should have happened and did not'),
    deadLetterId: z.string().optional(),
  })
  .meta({ id: 'OrderHealth' });
export type HealthView = z.output<typeof healthView>;

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
    webhooks: z
      .object({ pending: z.int(), delivered: z.int(), deadLettered: z.int(), discarded: z.int() })
      .optional()
      .describe('messages about the order, by what became of them; absent: nobody was told'),
    deadLetters: z
      .array(z.object({ deadLetterId: z.string(), origin: z.string(), state: z.string(), reason: z.string(), failedAt: time }))
      .describe('what an operator had to look at, oldest first'),
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

/** One page, newest first. */
export const orderPage = z
  .object({ items: z.array(orderSummary), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'OrderPage' });
export type OrderPage = z.output<typeof orderPage>;

export const timelineEntry = z
  .object({
    id: z.string().describe('opaque place in the log; resume an event stream behind it'),
    revision: z.int().nonnegative(),
    at: time,
    type: z.string(),
    area: z.enum(['intake', 'inventory', 'erp', 'cancellation', 'operator', 'engine', 'outcome', 'webhook']),
    title: z.string(),
    detail: z.string().optional(),
    actor: z.string(),
    attempt: z.int().positive().optional(),
    durationMs: z.number().nonnegative().optional().describe('how long what ends here took'),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.output<typeof timelineEntry>;

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
