import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { DELIVERY_STATUSES, type DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import type { WebhookMessage } from '@sagahub/contracts/messages/webhook-documents.ts';
import { z } from 'zod';
import { WEBHOOKS_PATH } from './access.ts';

const time = z.iso.datetime();
const links = z.object({ self: z.string(), subscription: z.string() });

const fields = {
  messageId: z.uuid().describe('`webhook-id` of every attempt'),
  subscriptionId: z.uuid(),
  type: z.string(),
  orderId: z.uuid().optional().describe('absent: a test'),
  status: z.enum(DELIVERY_STATUSES),
  attempts: z.int().nonnegative(),
  occurredAt: time,
  requestedAt: time,
  lastAttemptAt: time.optional(),
  lastStatus: z.int().optional().describe('of HTTP, of the last attempt that was answered'),
  lastReason: z.string().optional().describe('why the last attempt failed'),
  nextAt: time.optional(),
  links,
};
export const deliveryView = z.object(fields).meta({ id: 'WebhookDelivery' });
export const deliveryPage = z
  .object({ items: z.array(deliveryView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'WebhookDeliveryPage' });

export const deliveryAct = z.object({
  at: time,
  kind: z
    .enum(['requested', 'attempt', 'resent', 'given-up', 'discarded'])
    .describe('`given-up` without an attempt: the subscription had ended'),
  attempt: z.int().positive().optional(),
  outcome: z.enum(['delivered', 'failed', 'dead-lettered', 'discarded']).optional(),
  status: z.int().optional(),
  latencyMs: z.number().nonnegative().optional(),
  excerpt: z.string().optional().describe('beginning of what a refusing endpoint said, without addresses and tokens'),
  reason: z.string().optional(),
  by: z.string().optional(),
  nextAt: time.optional(),
});
export type DeliveryAct = z.output<typeof deliveryAct>;
export const deliveryDetail = z
  .object({
    ...fields,
    request: z
      .object({
        url: z.string().describe('where it goes now'),
        headers: z.record(z.string(), z.string()).describe('those that every attempt has; signature and time are of each attempt'),
        body: z.string().describe('the exact bytes of every attempt'),
      })
      .describe('absent members of the body are unknown as of the event it tells of'),
    history: z.array(deliveryAct).describe('every attempt and every act, oldest first'),
  })
  .meta({ id: 'WebhookDeliveryDetail' });

export const deliveryPath = (subscriptionId: string, messageId: string): string =>
  `${WEBHOOKS_PATH}/${subscriptionId}/deliveries/${messageId}`;

export const viewOfDelivery = (message: WebhookMessage): z.output<typeof deliveryView> => {
  const { partnerId: _partner, objectId, source, failingSince: _since, ...shown } = message;
  const { subscriptionId, messageId } = message;
  return {
    ...shown,
    ...(source && { orderId: objectId }),
    links: { self: deliveryPath(subscriptionId, messageId), subscription: `${WEBHOOKS_PATH}/${subscriptionId}` },
  };
};

/** What happened to one message, off its stream. */
export const historyOf = (events: readonly RecordedEvent[], messageId: string): readonly DeliveryAct[] =>
  events.flatMap((recorded) => {
    const event = recorded as unknown as DeliveryEvent;
    return event.data.messageId === messageId ? [actOf(event, recorded.metadata.time)] : [];
  });

const actOf = (event: DeliveryEvent, at: string): DeliveryAct => {
  switch (event.type) {
    case 'WebhookRequested':
      return { at, kind: 'requested' };
    case 'WebhookResent':
      return { at, kind: 'resent', by: event.data.by, reason: event.data.reason };
    case 'WebhookDelivered':
      return { at, kind: 'attempt', outcome: 'delivered', ...answerOf(event.data) };
    case 'WebhookAttemptFailed':
      return { at, kind: 'attempt', outcome: 'failed', ...answerOf(event.data), nextAt: event.data.nextAt };
    case 'WebhookDeadLettered':
      return { at, kind: event.data.latencyMs === undefined ? 'given-up' : 'attempt', outcome: 'dead-lettered', ...answerOf(event.data) };
    case 'WebhookDiscarded':
      return {
        at,
        kind: event.data.latencyMs === undefined ? 'discarded' : 'attempt',
        outcome: 'discarded',
        ...answerOf(event.data),
        by: event.data.by,
      };
  }
};

const answerOf = ({
  attempt,
  status,
  latencyMs,
  excerpt,
  reason,
}: Partial<Pick<DeliveryAct, 'attempt' | 'status' | 'latencyMs' | 'excerpt' | 'reason'>>): Partial<DeliveryAct> => ({
  ...(latencyMs !== undefined && attempt !== undefined && { attempt, latencyMs }),
  ...(status !== undefined && { status }),
  ...(excerpt !== undefined && { excerpt }),
  ...(reason !== undefined && { reason }),
});
