import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { systemClock } from '../process/clock.ts';
import { connectForEver } from './connection.ts';

describe('connection to RabbitMQ', () => {
  it('is tried again within three seconds, however long the broker has been away', async () => {
    const triedAtMs: number[] = [];
    const many = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      triedAtMs.push(performance.now());
      socket.destroy();
      if (triedAtMs.length === 7) many.resolve();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `amqp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const engine = { name: 'RabbitMQ', url, setting: 'HUB_RABBITMQ_URL' } as const;
    const connection = await connectForEver({ engine, name: 'test', clock: systemClock(), setUp: async () => {} });
    try {
      await many.promise;
      const pausesMs = triedAtMs.slice(1).map((ms, index) => ms - triedAtMs[index]!);
      assert.ok(Math.max(...pausesMs) < 3_000, pausesMs.map((ms) => ms.toFixed()).join(', '));
      assert.ok(pausesMs.at(-1)! > pausesMs[0]!, 'it is not asked ever faster');
    } finally {
      await connection.close();
      server.close();
    }
  }).timeout(60_000);
});
