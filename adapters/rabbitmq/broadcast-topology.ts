import type { Channel } from 'amqplib';

/**
 * What the hub and consumers of events meet at. `<name>` is the consumer's.
 *
 * | name | what | who |
 * |---|---|---|
 * | `sagahub.events` | topic exchange; the routing key is the public event type | the hub writes |
 * | `events.<name>` (exchange) | topic exchange behind it while the consumer is up to date: its bindings are the consumer's patterns, so that all of them come and go at once | |
 * | `events.<name>` | quorum queue behind that | the consumer reads |
 * | `events.<name>.refused` | quorum queue of what the consumer refused, or never settled in {@link DELIVERY_LIMIT} deliveries | the hub reads |
 * | `events.<name>.wait.<n>ms` | quorum queue in which a refused event stays for so long, on its way back to `events.<name>` | |
 */
export const EVENTS = 'sagahub.events';
export const consumerName = (consumer: string): string => `events.${consumer}`;
export const refusedQueue = (consumer: string): string => `${consumerName(consumer)}.refused`;
export const waitQueue = (consumer: string, delayMs: number): string => `${consumerName(consumer)}.wait.${delayMs}ms`;

/** A consumer that dies over an event so often has refused it. */
export const DELIVERY_LIMIT = 20;
/** The hub's own deliveries: nothing it takes in is thrown away because it was restarted often. */
const UNLIMITED = 1_000_000;
/** Far above what the hub puts into a queue by itself; beyond, the broker refuses, and nothing that was taken is dropped. */
const MAX_MESSAGES = 1_000_000;

const quorum = (deliveryLimit: number, more: object = {}) => ({
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-delivery-limit': deliveryLimit,
    'x-max-length': MAX_MESSAGES,
    'x-overflow': 'reject-publish',
    ...more,
  },
});
/** Through the default exchange; a message leaves its queue only when the other one has it. */
const onTo = (queue: string) => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
});

export const declareEvents = (channel: Channel) => channel.assertExchange(EVENTS, 'topic', { durable: true });

export const declareRefused = (channel: Channel, consumer: string) => channel.assertQueue(refusedQueue(consumer), quorum(UNLIMITED));

export const declareConsumer = async (channel: Channel, consumer: string, delaysMs: readonly number[]): Promise<void> => {
  await declareRefused(channel, consumer);
  await channel.assertQueue(consumerName(consumer), quorum(DELIVERY_LIMIT, onTo(refusedQueue(consumer))));
  for (const delayMs of new Set(delaysMs))
    await channel.assertQueue(
      waitQueue(consumer, delayMs),
      quorum(UNLIMITED, { ...onTo(consumerName(consumer)), 'x-message-ttl': delayMs }),
    );
};

/** @param patterns of routing keys */
export const joinEvents = async (channel: Channel, consumer: string, patterns: readonly string[]): Promise<void> => {
  const name = consumerName(consumer);
  await leaveEvents(channel, consumer);
  await channel.assertExchange(name, 'topic', { durable: true });
  for (const pattern of patterns) await channel.bindQueue(name, name, pattern);
  await channel.bindExchange(name, EVENTS, '#');
};

/** Deleting the exchange forgets its bindings, whatever they were. */
export const leaveEvents = (channel: Channel, consumer: string) => channel.deleteExchange(consumerName(consumer));
