/** What subscribers are told of payments. */
import { z } from 'zod';
import { amount, type PublicEvents, reason, time } from './public-event.ts';

const paymentFields = {
  paymentId: z.uuid(),
  paymentReference: z.string().describe('yours'),
  orderNumber: z.string().optional().describe('yours, of the order it pays for'),
  amount,
  currency: z.string().length(3),
  receivedAt: time,
  links: z.object({ self: z.string().describe('the payment, relative to the API') }),
};
const payment = <Status extends string, Fields extends z.core.$ZodLooseShape>(status: Status, fields: Fields) =>
  z.object({ ...paymentFields, status: z.literal(status), ...fields });

const processorRef = z.string().optional().describe("the processor's own reference");

export const PAYMENT_EVENTS = {
  'payment.received': { summary: 'The payment was accepted, durably.', data: payment('pending', {}) },
  'payment.authorizing': { summary: 'The payment goes to the processor.', data: payment('authorizing', {}) },
  'payment.pending-at-processor': {
    summary: 'The processor has the payment and decides later.',
    data: payment('authorizing', { processorRef }),
  },
  'payment.waiting': {
    summary: 'An attempt at the processor failed; it is repeated by itself.',
    data: payment('authorizing', {
      waiting: z.object({ for: z.literal('processor'), attempt: z.int().positive(), reason, nextAt: time }),
    }),
  },
  'payment.approved': { summary: 'The processor approved the payment.', data: payment('approved', { processorRef }), ends: true },
  'payment.declined': { summary: 'The processor declined the payment, for good.', data: payment('declined', { reason }), ends: true },
  'payment.expired': {
    summary: 'The payment was not authorised in time; nothing of it is left at the processor.',
    data: payment('expired', { expiresAt: time }),
    ends: true,
  },
  'payment.cancelling': {
    summary: 'Cancelling was asked for; what the processor may have is taken back.',
    data: payment('cancelling', {}),
  },
  'payment.cancelled': {
    summary: 'The payment was cancelled; nothing of it is left at the processor.',
    data: payment('cancelled', { reason: reason.optional() }),
    ends: true,
  },
  'payment.refunding': { summary: 'A refund was asked for.', data: payment('refunding', { reason: reason.optional() }) },
  'payment.refunded': {
    summary: 'The payment was taken back at the processor.',
    data: payment('refunded', { processorRef, reason: reason.optional() }),
    ends: true,
  },
  'payment.stuck': { summary: 'Only an operator of the hub can move the payment on.', data: payment('stuck', { reason }) },
  'payment.resumed': {
    summary: 'An operator has set a stuck payment going again.',
    data: z.object(paymentFields),
  },
} as const satisfies PublicEvents;
