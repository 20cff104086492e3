import type { WebhookType } from '@sagahub/contracts/api/webhook-events.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';

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

/** What subscribers call an event of an order's stream; `undefined` for what goes on inside. By the event alone, so it never changes. */
export const publicTypeOf = ({ type, data }: Pick<RecordedEvent, 'type' | 'data'>): WebhookType | undefined => {
  if (type === 'StepFaulted') return data['nextAt'] === undefined ? 'order.stuck' : undefined;
  return TYPES[type as keyof typeof TYPES];
};
