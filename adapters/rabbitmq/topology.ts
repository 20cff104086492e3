import type { Channel } from 'amqplib';

/**
 * What the hub keeps on the broker. Every argument that a release of RabbitMQ or a policy could default is said here, as a queue cannot be
 * changed once it is there.
 *
 * | name | what |
 * |---|---|
 * | `sagahub.<queue>` | quorum queue of hints; hints are published to it by name, through the default exchange |
 * | `sagahub.undecodable` | exchange, and the quorum queue behind it, of messages whose bytes are no hint |
 */
export const queueName = (queue: string): string => `sagahub.${queue}`;
export const UNDECODABLE = 'sagahub.undecodable';

/** RabbitMQ 4 would throw a hint away after 20 deliveries; consumers that are killed often with full hands get that far. */
const DELIVERY_LIMIT = 1_000_000;
/** Beyond, the oldest hints go, which the sweeper of open work brings again: a queue nobody consumes must not fill the broker's disk. */
const MAX_HINTS = 250_000;
const MAX_UNDECODABLE = 10_000;

/**
 * How long a queue that was deleted is left alone before it is made again. Made again at once, RabbitMQ 3.10 forgets to tell its consumers,
 * counts them as consumers of the new queue, takes hints out for them and never delivers one.
 */
export const DELETION_SETTLES_MS = 500;

const quorum = (maxLength: number) => ({
  durable: true,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': DELIVERY_LIMIT, 'x-max-length': maxLength, 'x-overflow': 'drop-head' },
});

/** Creates the queue of these hints unless it is there. */
export const declareQueue = async (channel: Channel, queue: string): Promise<void> => {
  await channel.assertQueue(queueName(queue), quorum(MAX_HINTS));
};

export const declareUndecodable = async (channel: Channel): Promise<void> => {
  await channel.assertExchange(UNDECODABLE, 'fanout', { durable: true });
  await channel.assertQueue(UNDECODABLE, quorum(MAX_UNDECODABLE));
  await channel.bindQueue(UNDECODABLE, UNDECODABLE, '');
};
