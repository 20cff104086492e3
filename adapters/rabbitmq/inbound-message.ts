import type { InboundMessage, InboundReply } from '@sagahub/contracts/ports/order-inbox.ts';
import type { ConsumeMessage, Options } from 'amqplib';
import { isOwnAddress } from './inbox-topology.ts';

/** Of ids that are kept: longer ones are cut, and control characters, which not every store takes, are replaced. */
const MAX_TEXT = 255;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== ''
    ? value
        .slice(0, MAX_TEXT)
        .toWellFormed()
        .replaceAll(/\p{Cc}/gu, '\ufffd')
    : undefined;

/** A message in the hub's terms. `user-id` is what the broker vouches for: it refuses a message that names another user than its sender. */
export const inboundMessageOf = ({ content, properties }: ConsumeMessage, signal: AbortSignal): InboundMessage => {
  const headers = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const messageId = text(properties.messageId);
  const clientId = text(properties.userId);
  const replyTo = text(properties.replyTo);
  const optional = {
    clientId,
    messageId,
    idempotencyKey: idempotencyKeyOf(headers) ?? messageId,
    correlationId: text(properties.correlationId),
    contentType: text(properties.contentType),
    contentEncoding: text(properties.contentEncoding),
    traceparent: text(headers['traceparent']),
    foreignReplyTo: replyTo !== undefined && clientId !== undefined && !isOwnAddress(replyTo, clientId) ? replyTo : undefined,
  };
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<InboundMessage>;
  return { channel: 'amqp', bytes: content.length, content, signal, ...present };
};

const idempotencyKeyOf = (headers: Readonly<Record<string, unknown>>): string | undefined => text(headers['idempotency-key']);

/** Where the answer goes; `undefined`: nowhere. */
export const replyAddressOf = ({ properties }: ConsumeMessage): string | undefined => {
  const [replyTo, userId] = [text(properties.replyTo), text(properties.userId)];
  return replyTo !== undefined && userId !== undefined && isOwnAddress(replyTo, userId) ? replyTo : undefined;
};

/** The correlation id comes back as it was sent; without one, the message's own id. */
export const replyOptionsOf = ({ properties }: ConsumeMessage, reply: InboundReply): Options.Publish => ({
  ...correlationOf(text(properties.correlationId) ?? text(properties.messageId)),
  contentType: reply.contentType,
  contentEncoding: 'utf-8',
  headers: { status: reply.status, ...(reply.replayed && { 'idempotent-replayed': true }) },
});

const correlationOf = (correlationId: string | undefined) => (correlationId === undefined ? {} : { correlationId });
