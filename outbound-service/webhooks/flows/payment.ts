import type { WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import { PAYMENT, type PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { FlowFace, Happened } from './face.ts';

/** What messages say of a payment beside what happened. */
interface PaymentFacts {
  readonly paymentId: string;
  readonly paymentReference: string;
  readonly orderNumber?: string;
  readonly amount: string;
  readonly currency: string;
  readonly receivedAt: string;
}

const TYPES: Readonly<Partial<Record<PaymentEvent['type'] | EngineEvent['type'], WebhookType>>> = {
  PaymentReceived: 'payment.received',
  AuthorizationRequested: 'payment.authorizing',
  AuthorizationPending: 'payment.pending-at-processor',
  AuthorizationAttemptFailed: 'payment.waiting',
  AuthorizationFailed: 'payment.stuck',
  CompensationFailed: 'payment.stuck',
  AuthorizationRetried: 'payment.resumed',
  CompensationRetried: 'payment.resumed',
  StepRetried: 'payment.resumed',
  PaymentApproved: 'payment.approved',
  PaymentDeclined: 'payment.declined',
  CancellationRequested: 'payment.cancelling',
  PaymentExpired: 'payment.expired',
  PaymentCancelled: 'payment.cancelled',
  RefundRequested: 'payment.refunding',
  PaymentRefunded: 'payment.refunded',
};

export const paymentFace: FlowFace<PaymentFacts> = {
  category: PAYMENT,
  publicTypeOf({ type, data }) {
    if (type === 'StepFaulted') return data['nextAt'] === undefined ? 'payment.stuck' : undefined;
    // Nobody must act on an approval that is taken back.
    return data['tooLate'] === true ? undefined : TYPES[type as keyof typeof TYPES];
  },
  foldFacts(facts, event) {
    const body = event as unknown as PaymentEvent;
    if (body.type !== 'PaymentReceived') return facts;
    const { paymentId, paymentReference, orderNumber, amount, currency } = body.data;
    const order = orderNumber === undefined ? {} : { orderNumber };
    return { paymentId, paymentReference, ...order, amount, currency, receivedAt: event.metadata.time };
  },
  selfOf: ({ paymentId }) => `/api/v1/payments/${paymentId}`,
  specificsOf(event: Happened) {
    const body = event as unknown as PaymentEvent | EngineEvent;
    switch (body.type) {
      case 'PaymentReceived':
        return { status: 'pending' };
      case 'AuthorizationPending':
        return { status: 'authorizing', processorRef: body.data.processorRef };
      case 'AuthorizationAttemptFailed': {
        const { attempt, reason, nextAt } = body.data;
        return { status: 'authorizing', waiting: { for: 'processor', attempt: attempt + 1, reason, nextAt } };
      }
      case 'AuthorizationFailed':
      case 'CompensationFailed':
        return { status: 'stuck', reason: body.data.reason };
      case 'StepFaulted':
        return { status: 'stuck', reason: 'the hub could not handle it' };
      case 'PaymentApproved':
        return { status: 'approved', processorRef: body.data.processorRef };
      case 'PaymentDeclined':
        return { status: 'declined', reason: body.data.reason };
      case 'PaymentExpired':
        return { status: 'expired', expiresAt: body.data.expiresAt };
      case 'CancellationRequested':
        return { status: 'cancelling' };
      case 'PaymentCancelled':
        return { status: 'cancelled', reason: body.data.reason };
      case 'RefundRequested':
        return { status: 'refunding', reason: body.data.reason };
      case 'PaymentRefunded':
        return { status: 'refunded', ...body.data };
      case 'AuthorizationRequested':
        return { status: 'authorizing' };
      default:
        // Where it was stuck, the event alone does not tell.
        return {};
    }
  },
};
