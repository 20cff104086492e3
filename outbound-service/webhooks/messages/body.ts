import { TEST_TYPE, type WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Json } from '@sagahub/contracts/json.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { publicTypeOf } from './event-types.ts';

/** What messages say of an order beside what happened. No personal data: a body is made again for every attempt, whoever was erased meanwhile. */
export interface OrderFacts {
  readonly orderId: string;
  readonly orderNumber: string;
  readonly currency: string;
  readonly subtotal: string;
  readonly total?: string;
  readonly receivedAt: string;
}

export const foldFacts = (facts: OrderFacts | undefined, event: RecordedEvent): OrderFacts | undefined => {
  const body = event as unknown as OrderEvent;
  if (body.type === 'OrderReceived') {
    const { orderId, orderNumber, currency, subtotal } = body.data;
    return { orderId, orderNumber, currency, subtotal, receivedAt: event.metadata.time };
  }
  return facts && body.type === 'OrderValidated' ? { ...facts, total: body.data.total } : facts;
};

/** The bytes of the message about an event: a function of the order's events up to it, so every attempt sends the same. */
export const orderBody = (facts: OrderFacts, event: RecordedEvent): string => {
  const type = publicTypeOf(event);
  if (!type) throw new Error(`${event.type} is nothing that subscribers are told of`);
  const { receivedAt, ...rest } = facts;
  const data = { ...rest, receivedAt, links: { self: `/api/v1/orders/${facts.orderId}` }, ...specifics(type, event) };
  return JSON.stringify({ type, timestamp: event.metadata.time, data });
};

export const testBody = (subscriptionId: string, occurredAt: string): string =>
  JSON.stringify({ type: TEST_TYPE, timestamp: occurredAt, data: { subscriptionId } });

const specifics = (type: WebhookType, event: RecordedEvent): Readonly<Record<string, Json | undefined>> => {
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
      return { status: type === 'order.rejected' ? 'rejected' : 'cancelled', ...ended };
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
};
