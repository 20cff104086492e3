import { LAST_TYPES } from '@sagahub/contracts/api/webhook-events.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { WEBHOOK_DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import { DELIVERY, type DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import {
  WEBHOOK_DELIVERIES,
  WEBHOOK_MESSAGES,
  type WebhookDeliveryDocument,
  type WebhookMessage,
} from '@sagahub/contracts/messages/webhook-documents.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { Derived, Fold } from './projection.ts';
import { lettersBehind } from './webhook-dead-letters.ts';

/** With the dead letter of each message that has one, by its id: the last one, open or settled. */
export interface WebhookDelivery extends WebhookDeliveryDocument {
  readonly letters: Readonly<Record<string, DeadLetter>>;
}

/** One document per subscription and object, and one per message. Attempts themselves are read from the stream. */
export const webhookFold: Fold<WebhookDelivery> = {
  category: DELIVERY,
  collection: WEBHOOK_DELIVERIES,
  apply(before, recorded) {
    const event = recorded as unknown as DeliveryEvent | EngineEvent;
    if (event.type === 'WebhookRequested') return requested(before, event, recorded);
    if (!before) throw new Error(`a delivery begins with WebhookRequested, not with ${event.type}`);
    const messages = before.messages.map((message) => changed(message, event, recorded.metadata.time));
    return { ...before, messages, letters: lettersBehind({ ...before, messages }, event, recorded) };
  },
  derive: (before, after) => [...changedMessages(before, after), ...changedLetters(before, after)],
  tally: ({ letters }) => Object.values(letters).flatMap(({ state, origin }) => (state === 'open' ? [`dead-letter:${origin}`] : [])),
  ended: ({ messages }) =>
    messages.every(({ status }) => status === 'delivered' || status === 'discarded') && messages.some(({ type }) => LAST_TYPES.has(type)),
};

const requested = (
  before: WebhookDelivery | undefined,
  { data }: Extract<DeliveryEvent, { type: 'WebhookRequested' }>,
  { metadata }: RecordedEvent,
): WebhookDelivery => {
  const { messageId, subscriptionId, objectId, type, source, occurredAt } = data;
  const { time, partnerId = '' } = metadata;
  const known = before ?? { subscriptionId, objectId, partnerId, messages: [], letters: {} };
  if (known.messages.some((message) => message.messageId === messageId)) return known;
  const message: WebhookMessage = {
    messageId,
    subscriptionId,
    objectId,
    partnerId,
    type,
    ...(source && { source }),
    occurredAt,
    requestedAt: time,
    status: 'pending',
    attempts: 0,
  };
  return { ...known, messages: [...known.messages, message] };
};

const changed = (message: WebhookMessage, event: DeliveryEvent | EngineEvent, time: string): WebhookMessage => {
  if (!('messageId' in event.data) || event.data.messageId !== message.messageId) return message;
  const { nextAt: _nextAt, lastStatus: _status, lastReason: _reason, ...rest } = message;
  const known = event as DeliveryEvent;
  switch (known.type) {
    case 'WebhookDelivered': {
      const { failingSince: _since, ...well } = rest;
      return { ...well, status: 'delivered', ...attempted(known.data, time) };
    }
    case 'WebhookAttemptFailed':
      return { failingSince: time, ...rest, status: 'retrying', nextAt: known.data.nextAt, ...attempted(known.data, time) };
    case 'WebhookDeadLettered':
      return { failingSince: time, ...rest, status: 'dead-lettered', ...attempted(known.data, time) };
    case 'WebhookDiscarded':
      return { ...rest, status: 'discarded', ...attempted(known.data, time) };
    case 'WebhookResent': {
      const { failingSince: _since, ...anew } = rest;
      return { ...anew, status: 'pending' };
    }
    default:
      return message;
  }
};

/** Without a latency no attempt was made: its subscription had ended. */
const attempted = (
  {
    attempt,
    latencyMs,
    status,
    reason,
  }: { readonly attempt: number; readonly latencyMs?: number; readonly status?: number; readonly reason?: string },
  time: string,
): Partial<WebhookMessage> & Pick<WebhookMessage, 'attempts'> => ({
  attempts: latencyMs === undefined ? attempt - 1 : attempt,
  ...(latencyMs !== undefined && { lastAttemptAt: time }),
  ...(status !== undefined && { lastStatus: status }),
  ...(reason !== undefined && { lastReason: reason }),
});

const changedMessages = (before: WebhookDelivery | undefined, after: WebhookDelivery): readonly Derived[] =>
  after.messages
    .filter((message) => !before?.messages.includes(message))
    .map((message) => ({ collection: WEBHOOK_MESSAGES, id: message.messageId, body: message }));

const changedLetters = (before: WebhookDelivery | undefined, after: WebhookDelivery): readonly Derived[] =>
  before?.letters === after.letters
    ? []
    : Object.entries(after.letters)
        .filter(([messageId, letter]) => before?.letters[messageId] !== letter)
        .map(([, letter]) => ({ collection: WEBHOOK_DEAD_LETTERS, id: letter.deadLetterId, body: letter }));
