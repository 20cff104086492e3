import type { BroadcastMessage, RefusedMessage } from '@sagahub/contracts/ports/event-broadcast.ts';
import type { Message, Options } from 'amqplib';
import { DELIVERY_LIMIT } from './broadcast-topology.ts';

/** How often its consumer has refused a message that comes back to it. */
const REFUSALS = 'sagahub-refusals';

export const optionsOf = ({ id, type, correlationId, traceparent }: BroadcastMessage): Options.Publish => ({
  persistent: true,
  contentType: 'application/cloudevents+json',
  contentEncoding: 'utf-8',
  messageId: id,
  type,
  correlationId,
  headers: { ...(traceparent !== undefined && { traceparent }) },
});

/** As it was, without what the broker noted down on its way. */
export const againOptionsOf = ({ properties }: Message, refusals: number): Options.Publish => {
  const { contentType, contentEncoding, messageId, type, correlationId, headers = {} } = properties;
  const traceparent: unknown = headers['traceparent'];
  return {
    ...({ contentType, contentEncoding, messageId, type, correlationId } as Options.Publish),
    persistent: true,
    headers: { [REFUSALS]: refusals, ...(traceparent !== undefined && { traceparent }) },
  };
};

export const refusedMessageOf = (consumer: string, { content, properties }: Message): RefusedMessage => {
  const headers = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const before = Number(headers[REFUSALS]);
  const [death] = (headers['x-death'] ?? []) as readonly { readonly reason?: string }[];
  return {
    consumer,
    body: content.toString('utf8'),
    refusals: (Number.isSafeInteger(before) ? before : 0) + 1,
    reason: death?.reason === 'delivery_limit' ? `it was delivered ${DELIVERY_LIMIT} times and never settled` : 'the consumer refused it',
  };
};
