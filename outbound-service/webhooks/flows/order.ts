import type { WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import { ORDER, type OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { FlowFace, Happened } from './face.ts';

/** What messages say of an order beside what happened. */
interface OrderFacts {
  readonly orderId: string;
  readonly orderNumber: string;
  readonly currency: string;
  readonly subtotal: string;
  readonly total?: string;
  readonly receivedAt: string;
}

const TYPES: Readonly<Partial<Record<OrderEvent['type'] | EngineEvent['type'], WebhookType>>> = {
  OrderReceived: 'order.received',
  ErpSubmissionRequested: 'order.processing',
  ErpAttemptFailed: 'order.waiting',
  ErpSubmissionFailed: 'order.stuck',
  CompensationFailed: 'order.stuck',
  ErpSubmissionRetried: 'order.resumed',
  CompensationRetried: 'order.resumed',
  StepRetried: 'order.resumed',
  CancellationRequested: 'order.cancelling',
  OrderCompleted: 'order.completed',
  OrderRejected: 'order.rejected',
  OrderCancelled: 'order.cancelled',
  OrderResubmitted: 'order.resubmitted',
};

export const orderFace: FlowFace<OrderFacts> = {
  category: ORDER,
  publicTypeOf({ type, data }) {
    if (type === 'StepFaulted') return data['nextAt'] === undefined ? 'order.stuck' : undefined;
    return TYPES[type as keyof typeof TYPES];
  },
  foldFacts(facts, event) {
    const body = event as unknown as OrderEvent;
    if (body.type === 'OrderReceived') {
      const { orderId, orderNumber, currency, subtotal } = body.data;
      return { orderId, orderNumber, currency, subtotal, receivedAt: event.metadata.time };
    }
    if (!facts || body.type !== 'OrderValidated') return facts;
    const { receivedAt, ...order } = facts;
    return { ...order, total: body.data.total, receivedAt };
  },
  selfOf: ({ orderId }) => `/api/v1/orders/${orderId}`,
  specificsOf(event: Happened) {
    const body = event as unknown as OrderEvent | EngineEvent;
    switch (body.type) {
      case 'ErpAttemptFailed': {
        const { attempt, reason, nextAt } = body.data;
        return { status: 'waiting', waiting: { for: 'erp', attempt: attempt + 1, reason, nextAt } };
      }
      case 'ErpSubmissionFailed':
      case 'CompensationFailed':
        return { status: 'stuck', reason: body.data.reason };
      case 'StepFaulted':
        return { status: 'stuck', reason: 'the hub could not handle it' };
      case 'OrderCompleted':
        return { status: 'completed', erpRef: body.data.erpRef };
      case 'OrderRejected':
      case 'OrderCancelled': {
        // What is left to settle by hand is the operators' matter.
        const { handover: _handover, ...ended } = body.data;
        return { status: body.type === 'OrderRejected' ? 'rejected' : 'cancelled', ...ended };
      }
      case 'OrderResubmitted':
        return { resubmittedAs: body.data.newOrderId };
      case 'CancellationRequested':
        return { status: 'compensating' };
      case 'OrderReceived':
        return { status: 'received' };
      default:
        return { status: 'processing' };
    }
  },
};
