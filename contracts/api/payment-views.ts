/** What partners, auditors and operators read about payments: the answers of `read-model/queries/`. Amounts are decimal strings. */
import { z } from 'zod';
import { PAYMENT_STATES, PAYMENT_STATUSES } from '../messages/payment.ts';
import { amount, healthViewOf, lettersView, pageOf, time, timelineEntry, waitingViewOf, webhookCounts } from './object-views.ts';

/** Instead of personal data: `sealed` when the caller may not read it, `erased` when its subject's key is gone. */
const withheld = { sealed: z.literal(true).optional(), erased: z.literal(true).optional() };
const asked = z.object({ requestedAt: time, by: z.string(), reason: z.string().optional() }).optional();

const waitingView = waitingViewOf('PaymentWaiting', 'the payment', ['processor', 'reversal', 'operator', 'retry']);
const healthView = healthViewOf('PaymentHealth', 'payments', ['hub', 'processor', 'reversal', 'retry', 'operator']);

const summaryFields = {
  paymentId: z.uuid(),
  paymentReference: z.string(),
  partnerId: z.string(),
  status: z.enum(PAYMENT_STATUSES),
  state: z.enum(PAYMENT_STATES).describe("the saga's own state"),
  waiting: waitingView.optional(),
  health: healthView.optional().describe('while it is in flight or stuck'),
  amount,
  currency: z.string().length(3),
  orderNumber: z.string().optional().describe('of the order it pays for'),
  processorRef: z.string().optional().describe('of what the processor approved'),
  overdueSince: time.optional().describe('since when the processor takes longer than it should'),
  expiresAt: time.optional().describe('when it expires unless the processor has decided by then'),
  receivedAt: time,
  updatedAt: time,
  endedAt: time.optional(),
};

export const paymentSummary = z
  .object({ ...summaryFields, links: z.object({ self: z.string(), timeline: z.string() }) })
  .meta({ id: 'PaymentSummary' });
export type PaymentSummary = z.output<typeof paymentSummary>;

export const paymentView = z
  .object({
    ...summaryFields,
    revision: z.int().nonnegative(),
    correlationId: z.string(),
    method: z.object({ type: z.string(), token: z.string().optional(), ...withheld }),
    payer: z.object({ id: z.string().optional(), name: z.string().optional(), email: z.string().optional(), ...withheld }).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    decline: z.object({ reason: z.string(), status: z.int().optional() }).optional().describe('why the processor declined it'),
    cancellation: asked,
    refund: asked,
    attempts: z.object({ processor: z.int().nonnegative(), reversal: z.int().nonnegative(), faults: z.int().nonnegative() }),
    webhooks: webhookCounts('the payment'),
    deadLetters: lettersView,
    links: z.object({ self: z.string(), timeline: z.string(), cancel: z.string().optional(), refund: z.string().optional() }),
  })
  .meta({ id: 'Payment' });
export type PaymentView = z.output<typeof paymentView>;

/** One page, newest first. */
export const paymentPage = pageOf('PaymentPage', paymentSummary);
export type PaymentPage = z.output<typeof paymentPage>;

export const paymentTimeline = z
  .object({ paymentId: z.uuid(), paymentReference: z.string(), status: z.enum(PAYMENT_STATUSES), entries: z.array(timelineEntry) })
  .meta({ id: 'PaymentTimeline' });
export type PaymentTimeline = z.output<typeof paymentTimeline>;
