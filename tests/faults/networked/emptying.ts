import { connect } from 'node:net';
import { queueName } from '@sagahub/adapters/rabbitmq/topology.ts';
import { QUEUES } from '@sagahub/hub/flows.ts';
import amqp from 'amqplib';
import { MongoClient } from 'mongodb';
import type { RabbitMqServer } from '../../servers/rabbitmq.ts';
import type { RedisServer } from '../../servers/redis.ts';

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
    for (const name of QUEUES.map(queueName)) {
      const channel = await connection.createChannel();
      channel.on('error', () => {}); // one that this hub never declared, as it has no such work
      await (what === 'hints' ? channel.purgeQueue(name) : channel.deleteQueue(name)).catch(ignoreMissing);
    }
  } finally {
    await connection.close();
  }
};

const NOT_FOUND = 404;
const ignoreMissing = (error: unknown): void => {
  if ((error as { code?: unknown }).code !== NOT_FOUND) throw error;
};

/** Every document and checkpoint of a hub is gone. */
export const dropCollections = async (url: string): Promise<void> => {
  const client = await MongoClient.connect(url);
  try {
    for (const collection of await client.db().collections()) await collection.drop();
  } finally {
    await client.close();
  }
};
