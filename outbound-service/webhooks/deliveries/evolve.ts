import type { DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import type { SagaEvent } from '@sagahub/contracts/saga.ts';
import type { DeliveryState, Message } from './state.ts';

/** An unknown type returns the state unchanged. */
export const evolve = (state: DeliveryState, event: SagaEvent): DeliveryState => {
  const body = event as unknown as DeliveryEvent;
  const atMs = Date.parse(event.time);
  switch (body.type) {
    case 'WebhookRequested': {
      const { messageId, subscriptionId, objectId, type, source, occurredAt, ordered } = body.data;
      if (state.messages.some(({ id }) => id === messageId)) return state;
      const message: Message = {
        id: messageId,
        type,
        ...(source && { source }),
        occurredAt,
        status: 'pending',
        attempt: 1,
        firstOfRound: 1,
        nextAtMs: atMs,
        sinceMs: atMs,
      };
      return { subscriptionId, objectId, partnerId: event.partnerId ?? '', ordered, messages: [...state.messages, message] };
    }
    case 'WebhookDelivered':
      return changed(state, body.data.messageId, ({ attempt }) => ({
        status: 'delivered',
        attempt: Math.max(attempt, body.data.attempt + 1),
      }));
    case 'WebhookAttemptFailed':
      return changed(state, body.data.messageId, () => ({ attempt: body.data.attempt + 1, nextAtMs: Date.parse(body.data.nextAt) }));
    case 'WebhookDeadLettered':
      return changed(state, body.data.messageId, () => ({
        status: 'dead-lettered',
        attempt: body.data.attempt + 1,
        deadLetterId: body.data.deadLetterId,
      }));
    case 'WebhookDiscarded':
      return changed(state, body.data.messageId, () => ({ status: 'discarded', attempt: body.data.attempt + 1 }));
    case 'WebhookResent':
      return changed(state, body.data.messageId, ({ attempt }) => ({
        status: 'pending',
        firstOfRound: attempt,
        nextAtMs: atMs,
        sinceMs: atMs,
      }));
    default:
      return state;
  }
};

const changed = (state: DeliveryState, messageId: string, change: (message: Message) => Partial<Message>): DeliveryState => ({
  ...state,
  messages: state.messages.map((message) => (message.id === messageId ? { ...message, ...change(message) } : message)),
});
