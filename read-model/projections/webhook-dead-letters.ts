import { causeOf } from '@sagahub/contracts/causes.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import { DELIVERY, type DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import type { WebhookDelivery } from './webhook.ts';

/** The last dead letter of each message behind an event; the same record when the event concerns none. */
export const lettersBehind = (
  delivery: WebhookDelivery,
  event: DeliveryEvent | EngineEvent,
  recorded: RecordedEvent,
): WebhookDelivery['letters'] => {
  switch (event.type) {
    case 'WebhookDeadLettered':
      return { ...delivery.letters, [event.data.messageId]: opened(delivery, event, recorded) };
    case 'WebhookResent':
      return settled(delivery, event.data.messageId, recorded, {
        state: 'redriven',
        resolvedBy: event.data.by,
        resolution: event.data.reason,
      });
    case 'WebhookDiscarded':
      return settled(delivery, event.data.messageId, recorded, {
        state: 'discarded',
        resolvedBy: event.data.by,
        resolution: event.data.reason,
      });
    case 'WebhookDelivered':
      return settled(delivery, event.data.messageId, recorded, {
        state: 'resolved',
        resolvedBy: recorded.metadata.actor,
        resolution: 'the endpoint has taken it',
      });
    default:
      return delivery.letters;
  }
};

const opened = (
  { subscriptionId, objectId, partnerId, messages }: WebhookDelivery,
  { data }: Extract<DeliveryEvent, { type: 'WebhookDeadLettered' }>,
  { stream, metadata: { time } }: RecordedEvent,
): DeadLetter => {
  const { messageId, deadLetterId, reason, status } = data;
  const place = messages.findIndex((one) => one.messageId === messageId);
  const message = messages[place];
  return {
    deadLetterId,
    origin: 'webhook',
    flow: DELIVERY,
    stream,
    objectId,
    partnerId,
    step: `deliver:${place}`,
    cause: causeOf({ reason, status }),
    reason,
    ...(status !== undefined && { status }),
    attempts: message?.attempts ?? data.attempt,
    firstFailedAt: message?.failingSince ?? time,
    failedAt: time,
    state: 'open',
    payload: { messageId, subscriptionId, ...(message && { type: message.type, occurredAt: message.occurredAt }) },
  };
};

const settled = (
  { letters }: WebhookDelivery,
  messageId: string,
  { metadata }: RecordedEvent,
  settlement: Required<Pick<DeadLetter, 'state' | 'resolvedBy' | 'resolution'>>,
): WebhookDelivery['letters'] => {
  const letter = letters[messageId];
  if (letter?.state !== 'open') return letters;
  return { ...letters, [messageId]: { ...letter, ...settlement, resolvedAt: metadata.time } };
};
