import assert from 'node:assert/strict';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import { type WebhookDelivery, webhookFold } from './webhook.ts';

const SUBSCRIPTION_ID = '0b0e7a52-54a0-4a3f-9a44-5d6f7c1c2b01';
const ORDER_ID = '8f14e45f-ceea-567a-9a36-dedd4bea2543';
const at = (revision: number): string => new Date(Date.UTC(2026, 10, 20, 10) + revision * 1_000).toISOString();

const requested = (messageId = 'm1'): DeliveryEvent => ({
  type: 'WebhookRequested',
  data: {
    messageId,
    subscriptionId: SUBSCRIPTION_ID,
    objectId: ORDER_ID,
    type: 'order.completed',
    source: { stream: `order-${ORDER_ID}`, revision: 5 },
    occurredAt: at(0),
    ordered: false,
  },
});
const answer = { messageId: 'm1', status: 500, latencyMs: 7, reason: 'the endpoint answered 500' };
const failed: DeliveryEvent = { type: 'WebhookAttemptFailed', data: { ...answer, attempt: 1, nextAt: at(60) } };
const dead: DeliveryEvent = { type: 'WebhookDeadLettered', data: { ...answer, attempt: 2, deadLetterId: 'd1' } };
const resent: DeliveryEvent = { type: 'WebhookResent', data: { messageId: 'm1', by: 'client:shop', reason: 'mended' } };
const delivered: DeliveryEvent = { type: 'WebhookDelivered', data: { messageId: 'm1', attempt: 3, status: 204, latencyMs: 3 } };

const recorded = (events: readonly DeliveryEvent[]): RecordedEvent[] =>
  events.map((event, revision) => ({
    ...(event as unknown as RecordedEvent),
    id: `e${revision}`,
    stream: `delivery-${SUBSCRIPTION_ID}.${ORDER_ID}`,
    revision,
    position: BigInt(revision + 1),
    hash: '',
    metadata: { time: at(revision), correlationId: 'c', partnerId: 'acme', actor: 'hub', schemaVersion: 1 },
  }));
const fold = (...events: readonly DeliveryEvent[]): WebhookDelivery =>
  recorded(events).reduce<WebhookDelivery | undefined>((before, event) => webhookFold.apply(before, event), undefined)!;

describe('webhook projection', () => {
  it('shows a message with its state, attempts and what went wrong last', () => {
    assert.deepEqual(fold(requested(), failed).messages, [
      {
        messageId: 'm1',
        subscriptionId: SUBSCRIPTION_ID,
        objectId: ORDER_ID,
        partnerId: 'acme',
        type: 'order.completed',
        source: { stream: `order-${ORDER_ID}`, revision: 5 },
        occurredAt: at(0),
        requestedAt: at(0),
        status: 'retrying',
        attempts: 1,
        lastAttemptAt: at(1),
        lastStatus: 500,
        lastReason: 'the endpoint answered 500',
        nextAt: at(60),
        failingSince: at(1),
      },
    ]);
    const [well] = fold(requested(), failed, dead, resent, delivered).messages;
    assert.deepEqual(
      [well!.status, well!.attempts, well!.lastStatus, well!.lastReason, well!.failingSince],
      ['delivered', 3, 204, undefined, undefined],
    );
  });

  it('counts no attempt where none was made', () => {
    const ended: DeliveryEvent = {
      type: 'WebhookDeadLettered',
      data: { messageId: 'm1', attempt: 1, deadLetterId: 'd1', reason: 'disabled' },
    };
    const [message] = fold(requested(), ended).messages;
    assert.deepEqual([message!.attempts, message!.lastAttemptAt], [0, undefined]);
  });

  it('opens a dead letter, and settles it by what becomes of it', () => {
    const [letter] = Object.values(fold(requested(), failed, dead).letters);
    assert.deepEqual(
      [letter!.deadLetterId, letter!.origin, letter!.cause, letter!.attempts, letter!.firstFailedAt, letter!.failedAt, letter!.state],
      ['d1', 'webhook', 'http-500', 2, at(1), at(2), 'open'],
    );
    assert.deepEqual(webhookFold.tally?.(fold(requested(), failed, dead)), ['dead-letter:webhook']);
    const [redriven] = Object.values(fold(requested(), failed, dead, resent, delivered).letters);
    assert.deepEqual([redriven!.state, redriven!.resolvedBy, redriven!.resolvedAt], ['redriven', 'client:shop', at(3)]);
  });

  it('writes the documents of the messages that changed, and of no others', () => {
    const before = fold(requested('m1'), requested('m2'));
    const after = webhookFold.apply(before, recorded([requested(), requested(), failed]).at(-1)!);
    assert.deepEqual(
      webhookFold.derive?.(before, after).map(({ id }) => id),
      ['m1'],
    );
    const letter = webhookFold.apply(after, recorded([requested(), requested(), failed, dead]).at(-1)!);
    assert.deepEqual(
      webhookFold.derive?.(after, letter).map(({ id }) => id),
      ['m1', 'd1'],
    );
  });

  it('refuses a stream that does not begin with its request', () => assert.throws(() => fold(delivered), /begins with WebhookRequested/));
});
