/** What subscribers are told: one schema for each public event type, the source of validation, OpenAPI and documentation. */
import { z } from 'zod';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const amount = z.string().describe('decimal string');

const orderFields = {
  orderId: z.uuid(),
  orderNumber: z.string().describe('yours'),
  currency: z.string().length(3),
  subtotal: amount,
  total: amount.optional().describe('known once stock and discount are settled'),
  receivedAt: time,
  links: z.object({ self: z.string().describe('the order, relative to the API') }),
};
const order = <Status extends string, Fields extends z.core.$ZodLooseShape>(status: Status, fields: Fields) =>
  z.object({ ...orderFields, status: z.literal(status), ...fields });

const compensation = z
  .enum(['none', 'full', 'partial'])
  .describe('what was undone: nothing had to be, everything, or not everything could be');
const reason = z.string();

/** By public type: when it is sent, and its `data`. */
export const WEBHOOK_EVENTS = {
  'order.received': { summary: 'The order was accepted, durably.', data: order('received', {}) },
  'order.processing': { summary: 'Stock and discount are settled; the order goes to the ERP.', data: order('processing', {}) },
  'order.waiting': {
    summary: 'An attempt at the ERP failed; it is repeated by itself.',
    data: order('waiting', { waiting: z.object({ for: z.literal('erp'), attempt: z.int().positive(), reason, nextAt: time }) }),
  },
  'order.stuck': { summary: 'Only an operator of the hub can move the order on.', data: order('stuck', { reason }) },
  'order.resumed': { summary: 'An operator has set a stuck order going again.', data: order('processing', {}) },
  'order.cancelling': { summary: 'Cancelling was asked for; what was done is being undone.', data: order('compensating', {}) },
  'order.completed': { summary: 'The ERP has the order.', data: order('completed', { erpRef: z.string() }) },
  'order.rejected': {
    summary: 'The order ended without being carried out.',
    data: order('rejected', { reason, detail: z.string().optional(), compensation }),
  },
  'order.cancelled': { summary: 'The order was cancelled.', data: order('cancelled', { reason: reason.optional(), compensation }) },
  'order.resubmitted': {
    summary: 'An ended order was sent once more, as another order.',
    data: z.object({ ...orderFields, resubmittedAs: z.uuid() }),
  },
} as const satisfies Readonly<Record<string, { readonly summary: string; readonly data: z.ZodObject }>>;

export type WebhookType = keyof typeof WEBHOOK_EVENTS;
export const WEBHOOK_TYPES = Object.keys(WEBHOOK_EVENTS) as readonly WebhookType[];
/** Sent when somebody asks for it, to that subscription alone, whatever it subscribed to. */
export const TEST_TYPE = 'webhook.test';
export const testData = z.object({ subscriptionId: z.uuid() });

/** The body of a message of a type. */
export const webhookBody = (type: WebhookType | typeof TEST_TYPE) =>
  z.object({
    type: z.literal(type),
    timestamp: time.describe('when it happened, not when it was sent'),
    data: type === TEST_TYPE ? testData : WEBHOOK_EVENTS[type].data,
  });
