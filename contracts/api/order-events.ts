/** What subscribers are told of orders. */
import { z } from 'zod';
import { amount, type PublicEvents, reason, time } from './public-event.ts';

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

export const ORDER_EVENTS = {
  'order.received': { summary: 'The order was accepted, durably.', data: order('received', {}) },
  'order.processing': { summary: 'Stock and discount are settled; the order goes to the ERP.', data: order('processing', {}) },
  'order.waiting': {
    summary: 'An attempt at the ERP failed; it is repeated by itself.',
    data: order('waiting', { waiting: z.object({ for: z.literal('erp'), attempt: z.int().positive(), reason, nextAt: time }) }),
  },
  'order.stuck': { summary: 'Only an operator of the hub can move the order on.', data: order('stuck', { reason }) },
  'order.resumed': { summary: 'An operator has set a stuck order going again.', data: order('processing', {}) },
  'order.cancelling': { summary: 'Cancelling was asked for; what was done is being undone.', data: order('compensating', {}) },
  'order.completed': { summary: 'The ERP has the order.', data: order('completed', { erpRef: z.string() }), ends: true },
  'order.rejected': {
    summary: 'The order ended without being carried out.',
    data: order('rejected', { reason, detail: z.string().optional(), compensation }),
    ends: true,
  },
  'order.cancelled': {
    summary: 'The order was cancelled.',
    data: order('cancelled', { reason: reason.optional(), compensation }),
    ends: true,
  },
  'order.resubmitted': {
    summary: 'An ended order was sent once more, as another order.',
    data: z.object({ ...orderFields, resubmittedAs: z.uuid() }),
  },
} as const satisfies PublicEvents;
