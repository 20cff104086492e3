import { connect } from 'node:net';
import { queueName } from '@sagahub/adapters/rabbitmq/topology.ts';
import amqp from 'amqplib';
import type { RabbitMqServer } from '../../servers/rabbitmq.ts';
import type { RedisServer } from '../../servers/redis.ts';

const QUEUES = ['orchestration.order', 'outbound.erp'];

/** Everything that Redis holds is gone. */
export const emptyRedis = ({ port }: RedisServer): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('FLUSHALL\r\n'));
    socket.once('error', reject);
    socket.once('data', (reply) => {
      socket.destroy();
      if (reply.toString() === '+OK\r\n') resolve();
      else reject(new Error(`Redis was not emptied: ${reply.toString()}`));
    });
  });

/** Every hint that waits is gone; with the queues themselves, if so wished. */
export const emptyRabbitMq = async ({ url }: RabbitMqServer, what: 'hints' | 'queues'): Promise<void> => {
  const connection = await amqp.connect(url);
  try {
    const channel = await connection.createChannel();
    for (const queue of QUEUES)
      if (what === 'hints') await channel.purgeQueue(queueName(queue));
      else await channel.deleteQueue(queueName(queue));
  } finally {
    await connection.close();
  }
};
