import assert from 'node:assert/strict';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ClosedError, ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { randomId } from '@sagahub/contracts/ids.ts';
import { messageBusContract } from '@sagahub/contracts/ports/message-bus.contract.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import amqp, { type ConfirmChannel } from 'amqplib';
import { availability, type RabbitMqServer, startRabbitMq } from '../../tests/servers/rabbitmq.ts';
import { startTcpProxy } from '../../tests/servers/tcp-proxy.ts';
import { TEST_CERTIFICATE } from '../http/testing/certificate.ts';
import { systemClock } from '../process/clock.ts';
import { keepConnected } from './connection.ts';
import { openRabbitMqMessageBus, type RabbitMqMessageBusOptions } from './message-bus.ts';
import { queueName, UNDECODABLE } from './topology.ts';

const succeeds = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

describe('RabbitMQ', function () {
  let server: RabbitMqServer;
  let queue: string;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startRabbitMq();
  });
  after(() => server?.[Symbol.asyncDispose]());
  beforeEach(() => {
    queue = `test.${randomId()}`;
  });

  const open = (options: Partial<RabbitMqMessageBusOptions> = {}) =>
    openRabbitMqMessageBus({ url: server.url, clock: systemClock(), logger: silentTelemetry.logger, ...options });
  const hint = (stream: string): Hint => ({ queue, stream, step: 'advance', attempt: 1, partnerId: 'acme' });
  const hints = (count: number): Hint[] => Array.from({ length: count }, (_, index) => hint(`order-${index}`));
  const through = (port: number): string => server.url.replace(String(server.port), String(port));
  /** Someone with the management tool. */
  const asOperator = async (act: (channel: ConfirmChannel) => Promise<unknown>): Promise<void> => {
    const connection = await amqp.connect(server.url);
    try {
      const channel = await connection.createConfirmChannel();
      await act(channel);
      await channel.waitForConfirms(); // what is still on its way when a connection closes is lost
    } finally {
      await connection.close();
    }
  };

  messageBusContract('RabbitMQ', async () => {
    const bus = await open({ redeliverAfterMs: 20 });
    return { bus, passRedelivery: async () => {}, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
  });

  describe('queues', () => {
    it('are made with every argument said, so that nothing depends on the release or on a policy', async () => {
      await using bus = await open();
      await bus.publish([hint('order-1')]);
      await assert.rejects(
        asOperator(async (channel) => {
          channel.on('error', () => {});
          await channel.assertQueue(queueName(queue), { durable: true, arguments: { 'x-queue-type': 'quorum' } });
        }),
        /PRECONDITION_FAILED.*x-/,
        'a queue with only some of the arguments is another one',
      );
    });

    it('know their length at once, though the management API says it seconds later', async () => {
      await using bus = await open();
      for (let published = 1; published <= 5; published += 1) {
        await bus.publish([hint('order-1')]);
        await eventually('it is counted', async () => (await bus.backlog(queue)) === published);
      }
    });

    it('that were deleted come again with the next hint, which comes back unroutable and is confirmed all the same', async () => {
      await using bus = await open();
      await bus.publish(hints(3));
      await asOperator((channel) => channel.deleteQueue(queueName(queue)));
      await Promise.all([bus.publish([hint('order-7')]), bus.publish([hint('order-8')])]);
      const seen = new Set<string>();
      await bus.consume(queue, { prefetch: 5, onHint: async ({ stream }) => void seen.add(stream) });
      await eventually('both are seen', () => seen.size === 2);
      assert.deepEqual([...seen].sort(), ['order-7', 'order-8']);
    });

    it('that are deleted under a consumer come again with it', async () => {
      await using bus = await open();
      const seen: string[] = [];
      await bus.consume(queue, { prefetch: 5, onHint: async ({ stream }) => void seen.push(stream) });
      await bus.publish([hint('before')]);
      await eventually('it is seen', () => seen.length === 1);
      for (const name of ['first', 'second']) {
        await asOperator((channel) => channel.deleteQueue(queueName(queue)));
        await eventually(`it is seen after the ${name} time`, async () => {
          // One that comes before the deletion is noticed goes with the queue; the connection may be made anew meanwhile.
          await succeeds(bus.publish([hint(name)]));
          return seen.includes(name);
        });
      }
    });
  });

  describe('messages', () => {
    it('that are no hint are put aside, and only those', async () => {
      await using bus = await open();
      const seen: string[] = [];
      await bus.consume(queue, { prefetch: 1, onHint: async ({ stream }) => void seen.push(stream) });
      const wrong = [Buffer.from([0xff, 0x00]), Buffer.from('{}'), Buffer.from('null'), Buffer.from('[]'), Buffer.from('[{"queue":1}]')];
      const aside: string[] = [];
      await asOperator(async (channel) => {
        for (const bytes of wrong) channel.sendToQueue(queueName(queue), bytes);
        await bus.publish([hint('good')]);
        await eventually('the good one is seen', () => seen.length === 1);
        while (aside.length < wrong.length) {
          const message = await channel.get(UNDECODABLE);
          if (!message) continue;
          assert.equal((message.properties.headers as Record<string, unknown>)['x-queue'], queueName(queue));
          aside.push(message.content.toString('hex'));
          channel.ack(message);
        }
        assert.equal(await channel.get(UNDECODABLE), false);
      });
      assert.deepEqual(
        aside,
        wrong.map((bytes) => bytes.toString('hex')),
      );
      await eventually('the queue is empty', async () => (await bus.backlog(queue)) === 0);
    });

    it('bring hints that were published together, ten at most, and are settled when all of those are', async () => {
      await using bus = await open();
      await using first = await bus.consume(queue, { prefetch: 1, onHint: async () => {} });
      await first[Symbol.asyncDispose]();
      await bus.publish(hints(25));
      await eventually('three messages wait', async () => (await bus.backlog(queue)) === 3);
      const held: (() => void)[] = [];
      const taken: string[] = [];
      const onHint = ({ stream }: Hint): Promise<void> => {
        taken.push(stream);
        return new Promise((resolve) => held.push(resolve));
      };
      const consumer = await bus.consume(queue, { prefetch: 12, onHint });
      await eventually('its hands are full', () => held.length === 12);
      for (const release of held.splice(0, 2)) release();
      await eventually('they are full again', () => held.length === 12);
      const leaving = consumer[Symbol.asyncDispose]();
      for (const release of held) release();
      await leaving;
      // The first message is settled, the others have hints that were not taken up.
      const next: string[] = [];
      await bus.consume(queue, { prefetch: 100, onHint: async ({ stream }) => void next.push(stream) });
      await eventually('the others come again', () => next.length === 15);
      assert.deepEqual(
        [...taken.slice(0, 10), ...next].toSorted(),
        hints(25)
          .map(({ stream }) => stream)
          .toSorted(),
      );
    });

    it('whose handler throws come again after the delay, not before, and keep no place meanwhile', async () => {
      const clock = manualClock();
      await using bus = await open({ clock, redeliverAfterMs: 250 });
      const seen: string[] = [];
      const onHint = async ({ stream }: Hint) => {
        seen.push(stream);
        if (stream === 'bad') throw new Error('always');
      };
      await bus.consume(queue, { prefetch: 1, onHint });
      await bus.publish([hint('bad'), hint('good')]);
      await eventually('both are seen', () => seen.length === 2);
      await clock.advance(249);
      await bus.publish([hint('last')]);
      await eventually('the last is seen', () => seen.includes('last'));
      assert.deepEqual(seen, ['bad', 'good', 'last']);
      await clock.advance(1);
      await eventually('it comes again', () => seen.length === 4);
      assert.equal(seen[3], 'bad');
    });

    it('that wait for their next delivery are left to others when the bus is closed', async () => {
      const bus = await open({ redeliverAfterMs: 3_600_000 });
      const thrown = Promise.withResolvers<void>();
      const onHint = (): Promise<void> => {
        thrown.resolve();
        throw new Error('at once');
      };
      await bus.consume(queue, { prefetch: 1, onHint });
      await bus.publish([hint('order-1')]);
      await thrown.promise;
      await new Promise((resolve) => setImmediate(resolve));
      await bus[Symbol.asyncDispose]();
      await using next = await open();
      await eventually('it waits in the queue', async () => (await next.backlog(queue)) === 1);
    });
  });

  describe('connection', () => {
    it('that is cut comes again with its publisher and consumers, and loses no confirmed hint', async () => {
      await using proxy = await startTcpProxy(server.port);
      await using bus = await open({ url: through(proxy.port) });
      const seen = new Set<string>();
      await bus.consume(queue, { prefetch: 10, onHint: async ({ stream }) => void seen.add(stream) });
      await bus.consume(`${queue}.idle`, { prefetch: 10, onHint: async ({ stream }) => void seen.add(stream) });
      const confirmed: string[] = [];
      for (let round = 0; round < 60; round += 1) {
        if (round % 20 === 10) proxy.cut();
        await bus.publish([hint(`order-${round}`)]).then(
          () => confirmed.push(`order-${round}`),
          (error: unknown) => assert.ok(error instanceof UnavailableError),
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await eventually('all that were confirmed are seen', () => confirmed.every((stream) => seen.has(stream)));
      assert.ok(proxy.connections >= 3 && confirmed.length > 10, `${proxy.connections} connections, ${confirmed.length} confirmed`);
      await eventually('it works again', () => succeeds(bus.publish([{ ...hint('idle'), queue: `${queue}.idle` }])));
      await eventually('the other consumer is back too', () => seen.has('idle'));
    });

    it('that has died silently is noticed by its heartbeat, even where the URL turns that off', async () => {
      await using proxy = await startTcpProxy(server.port);
      await using bus = await open({ url: `${through(proxy.port)}?heartbeat=0`, heartbeatSeconds: 1 });
      const seen: string[] = [];
      await bus.consume(queue, { prefetch: 1, onHint: async ({ stream }) => void seen.push(stream) });
      proxy.silence();
      await assert.rejects(bus.publish([hint('lost')]), UnavailableError);
      proxy.heal();
      await eventually('it works again', () => succeeds(bus.publish([hint('found')])));
      await eventually('and so does the consumer', () => seen.includes('found'));
    });

    it('is tried again where setting it up fails and the broker does not answer the farewell', async () => {
      await using proxy = await startTcpProxy(server.port);
      let tried = 0;
      await using _connection = await keepConnected({
        engine: { name: 'RabbitMQ', url: through(proxy.port), setting: 'HUB_RABBITMQ_URL' },
        name: 'test',
        clock: systemClock(),
        setUp: async () => {
          tried += 1;
          if (tried > 1) return;
          proxy.silence();
          throw new Error('a queue was refused');
        },
        onAway: () => proxy.heal(),
      });
      await eventually('it is tried again', () => tried === 2);
    });

    it('is tried again where it ends while it is set up, though nothing that was asked of it failed', async () => {
      let tried = 0;
      await using _connection = await keepConnected({
        engine: { name: 'RabbitMQ', url: server.url, setting: 'HUB_RABBITMQ_URL' },
        name: 'test',
        clock: systemClock(),
        setUp: async (model) => {
          tried += 1;
          if (tried === 1) await model.close();
        },
        onAway: () => {},
      });
      await eventually('it is tried again', () => tried === 2);
    });

    it('is made anew when the broker closes one of its channels', async () => {
      await using bus = await open();
      const seen: string[] = [];
      await bus.consume(queue, { prefetch: 1, onHint: async ({ stream }) => void seen.push(stream) });
      // Publishing to an exchange that is gone closes the channel; the confirm never comes.
      await asOperator((channel) => channel.deleteExchange(UNDECODABLE));
      await asOperator(async (channel) => void channel.sendToQueue(queueName(queue), Buffer.from('no hint')));
      await eventually('hints come again', async () => {
        await bus.publish([hint('order-1')]).catch(() => {});
        return seen.length > 0;
      });
      await asOperator(async (channel) => {
        await eventually('the exchange is there again, and took the message', async () => {
          const message = await channel.get(UNDECODABLE);
          if (message) channel.ack(message);
          return message !== false;
        });
      });
    });

    it('speaks TLS by the scheme of its URL', async () => {
      const trusted = getCACertificates();
      const reasons: (string | undefined)[] = [];
      const opening = open({ url: server.tlsUrl, onWaiting: (reason) => reasons.push(reason) });
      await eventually('it is refused', () => reasons.length > 0);
      assert.match(String(reasons[0]), /NODE_EXTRA_CA_CERTS/);
      try {
        setDefaultCACertificates([...trusted, TEST_CERTIFICATE.cert]);
        await using bus = await opening;
        assert.equal((await bus.health()).status, 'pass');
      } finally {
        setDefaultCACertificates(trusted);
      }
    });

    it('is waited for when it is refused, with what to do and without the password, until told to stop', async () => {
      const stop = new AbortController();
      const reasons: (string | undefined)[] = [];
      const url = server.url.replace('guest:guest', 'hub:wrong-secret');
      const opening = open({ url, signal: stop.signal, onWaiting: (reason) => reasons.push(reason) });
      await eventually('it was tried twice', () => reasons.length >= 2);
      stop.abort();
      await assert.rejects(opening, ClosedError);
      assert.match(
        String(reasons[0]),
        /^RabbitMQ at amqp:\/\/hub:\*\*\*@.*ACCESS.REFUSED.*correct the user and password in HUB_RABBITMQ_URL$/,
      );
      assert.doesNotMatch(reasons.join(), /wrong-secret/);
      await assert.rejects(open({ url: 'redis://localhost' }), ConfigurationError);
    });

    it('comes back after a restart of the broker and after its sudden death, with all that was confirmed', async () => {
      await using bus = await open();
      const seen = new Set<string>();
      const release = Promise.withResolvers<void>();
      const onHint = async ({ stream }: Hint) => {
        if (stream !== 'first') await release.promise; // in hand while the broker goes: it brings it again, we acknowledge in vain
        seen.add(stream);
      };
      await bus.consume(queue, { prefetch: 20, onHint });
      await server.stop();
      await eventually('it is noticed', async () => (await bus.health()).status === 'fail');
      await assert.rejects(
        bus.publish([hint('first')]),
        (error) => error instanceof UnavailableError && error.code === 'HUB_ENGINE_UNAVAILABLE',
      );
      // Queues younger than a second do not survive a kill of RabbitMQ 3.10; these have been through a proper end.
      await server.restart();
      await eventually('it works again', () => succeeds(bus.publish([hint('first')])));
      await eventually('it is seen', () => seen.has('first'));
      await bus.publish(hints(100));
      await server.kill();
      await server.restart();
      release.resolve();
      await eventually('all are seen', () => seen.size === 101);
      await eventually('it is well', async () => (await bus.health()).status === 'pass');
    });
  });
});
