import type { Channel } from 'amqplib';

/**
 * What partners and the hub meet at.
 *
 * | name | what | who |
 * |---|---|---|
 * | `orders.inbound` | fanout exchange; orders are published to it with any routing key | partners write |
 * | `orders.inbound` | quorum queue behind it | the hub reads |
 * | `orders.reply.<client id>` | queue that a partner makes for its answers, where it does not use direct reply-to | the partner reads |
 */
export const INBOX = 'orders.inbound';
export const replyQueueOf = (clientId: string): string => `orders.reply.${clientId}`;

/** RabbitMQ 4 would throw an order away after 20 deliveries; one that comes while the hub is restarted often gets that far. */
const DELIVERY_LIMIT = 1_000_000;
/** Beyond, publishers are refused (with confirms they learn of it), and nothing that was taken is dropped. */
const MAX_MESSAGES = 1_000_000;

export const declareInbox = async (channel: Channel): Promise<void> => {
  await channel.assertExchange(INBOX, 'fanout', { durable: true });
  await channel.assertQueue(INBOX, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': DELIVERY_LIMIT,
      'x-max-length': MAX_MESSAGES,
      'x-overflow': 'reject-publish',
    },
  });
  await channel.bindQueue(INBOX, INBOX, '');
};

/** Somebody else's queue must not get answers because a sender named it. The broker makes direct reply-to addresses that nobody can guess. */
export const isOwnAddress = (replyTo: string, clientId: string): boolean =>
  replyTo.startsWith('amq.rabbitmq.reply-to.') || replyTo === replyQueueOf(clientId);
