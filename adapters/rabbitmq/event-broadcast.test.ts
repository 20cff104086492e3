import assert from 'node:assert/strict';
import type { BroadcastMessage, EventBroadcast, RefusalVerdict, RefusedMessage } from '@sagahub/contracts/ports/event-broadcast.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import { availability, type RabbitMqServer, startRabbitMq } from '../../tests/servers/rabbitmq.ts';
import { systemClock } from '../process/clock.ts';
import { openRabbitMqEventBroadcast } from './event-broadcast.ts';

const DELAY_MS = 100;
const TAKEN: RefusalVerdict = { kind: 'taken' };
const message = (id: string, type: string): BroadcastMessage => ({
  id,
  type,
  body: JSON.stringify({ id }),
  correlationId: 'c-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
});

describe('broadcast of events on RabbitMQ', function () {
  this.timeout(60_000);
  let server: RabbitMqServer;
  let connection: ChannelModel;
  let reader: Channel;
  let broadcast: EventBroadcast;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startRabbitMq();
    broadcast = await openRabbitMqEventBroadcast({
      url: server.url,
      setting: 'HUB_EVENTS_URL',
      delaysMs: [DELAY_MS],
      clock: systemClock(),
      logger: silentTelemetry.logger,
    });
    await connect();
    await isUp();
  });
  after(async () => {
    await broadcast?.[Symbol.asyncDispose]();
    await connection?.close().catch(() => {});
    await server?.[Symbol.asyncDispose]();
  });
  const connect = async (): Promise<void> => {
    connection = await amqp.connect(server.url);
    connection.on('error', () => {});
    reader = await connection.createChannel();
  };
  const isUp = () => eventually('it is up', async () => (await broadcast.health()).status === 'pass', 30_000);
  /** Takes what is in a queue. */
  const idsIn = async (consumer: string, count: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    await eventually(`${count} events for ${consumer}`, async () => {
      const got = await reader.get(`events.${consumer}`, { noAck: true });
      if (got) ids.push(String(got.properties.messageId));
      return ids.length >= count;
    });
    assert.equal(await reader.get(`events.${consumer}`, { noAck: true }), false);
    return ids;
  };

  it('brings each consumer what its patterns match, in order, and nothing once it has left', async () => {
    for (const name of ['ledger', 'notifier']) assert.equal(await broadcast.prepare(name), true);
    assert.equal(await broadcast.prepare('ledger'), false);
    await broadcast.join('ledger', ['payment.#']);
    await broadcast.join('notifier', ['payment.approved', 'order.completed']);
    const sent = [message('1', 'payment.received'), message('2', 'payment.approved'), message('3', 'order.completed')];
    assert.equal(await broadcast.publish(sent), true);
    assert.deepEqual(await idsIn('ledger', 2), ['1', '2']);
    assert.deepEqual(await idsIn('notifier', 2), ['2', '3']);
    await broadcast.join('notifier', ['order.#']);
    await broadcast.leave('ledger');
    await broadcast.leave('ledger');
    assert.equal(await broadcast.publish(sent), true);
    assert.deepEqual(await idsIn('notifier', 1), ['3']);
    assert.deepEqual(await broadcast.queueOf('ledger'), { waiting: 0, retrying: 0, readers: 0 });
  });

  it('sends to one alone, whatever its patterns, with what identifies and traces a message', async () => {
    await broadcast.prepare('ledger');
    await broadcast.prepare('notifier');
    assert.equal(await broadcast.publishTo('ledger', [message('4', 'order.completed')]), 'taken');
    let got: Awaited<ReturnType<Channel['get']>> = false;
    await eventually('it is there', async () => Boolean((got = await reader.get('events.ledger', { noAck: true }))));
    const { properties, content } = got as unknown as amqp.GetMessage;
    assert.deepEqual([properties.messageId, properties.type, properties.correlationId], ['4', 'order.completed', 'c-1']);
    assert.deepEqual([properties.contentType, String(content)], ['application/cloudevents+json', '{"id":"4"}']);
    assert.match(String(properties.headers?.['traceparent']), /^00-0af7/);
    assert.equal(await reader.get('events.notifier', { noAck: true }), false);
  });

  it('tells a queue that is gone from one that is there, and makes it again', async () => {
    await broadcast.prepare('gone');
    await reader.deleteQueue('events.gone');
    assert.equal(await broadcast.queueOf('gone'), undefined);
    assert.equal(await broadcast.publishTo('gone', [message('5', 'a')]), 'missing');
    assert.equal(await broadcast.prepare('gone'), true);
    assert.equal(await broadcast.publishTo('gone', [message('5', 'a')]), 'taken');
    assert.deepEqual(await idsIn('gone', 1), ['5']);
  });

  it('says that a queue takes no more, and who else got it', async () => {
    // A queue of somebody else, with a bound of its own, at the same exchange.
    const bounded = { durable: true, arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } };
    await reader.assertQueue('theirs', bounded);
    await reader.bindQueue('theirs', 'sagahub.events', '#');
    await broadcast.prepare('ledger');
    await broadcast.join('ledger', ['#']);
    assert.equal(await broadcast.publish([message('6', 'a')]), true);
    assert.equal(await broadcast.publish([message('7', 'a')]), false);
    assert.deepEqual(await idsIn('ledger', 2), ['6', '7']);
    await broadcast.leave('ledger');
    await reader.deleteQueue('theirs');
  });

  it('brings what a consumer refuses back to it after the delay, as often as it is told, and then no more', async () => {
    await broadcast.prepare('picky');
    const refused: RefusedMessage[] = [];
    const taking = await broadcast.takeRefused(['picky'], async (one) => {
      refused.push(one);
      return one.refusals < 3 ? { kind: 'again', afterMs: DELAY_MS } : TAKEN;
    });
    const { consumerTag } = await reader.consume('events.picky', (one) => one && reader.nack(one, false, false));
    await broadcast.publishTo('picky', [message('8', 'a')]);
    await eventually('it is refused three times', () => refused.length === 3, 20_000);
    await eventually(
      'it is gone',
      async () => JSON.stringify(await broadcast.queueOf('picky')) === '{"waiting":0,"retrying":0,"readers":1}',
    );
    assert.deepEqual(
      refused.map(({ refusals, body, reason }) => [refusals, body, reason]),
      [1, 2, 3].map((refusals) => [refusals, '{"id":"8"}', 'the consumer refused it']),
    );
    await reader.cancel(consumerTag);
    await taking[Symbol.asyncDispose]();
  });

  it('takes a message from a consumer that dies over it again and again', async () => {
    await broadcast.prepare('dying');
    const refused: RefusedMessage[] = [];
    await using _taking = await broadcast.takeRefused(['dying'], async (one) => (refused.push(one), TAKEN));
    const { consumerTag } = await reader.consume('events.dying', (one) => one && reader.nack(one, false, true)); // as when a connection ends
    await broadcast.publishTo('dying', [message('9', 'a')]);
    await eventually('it is taken', () => refused.length === 1, 20_000);
    assert.match(refused[0]!.reason, /delivered 20 times/);
    await reader.cancel(consumerTag);
  });

  it('brings again what could not be taken in, and goes on by itself after the broker was away', async () => {
    await broadcast.prepare('ledger');
    let tries = 0;
    await using _taking = await broadcast.takeRefused(['ledger'], async () => {
      if ((tries += 1) === 1) throw new Error('the log is away');
      return TAKEN;
    });
    await broadcast.publishTo('ledger', [message('10', 'a')]);
    await eventually('it is there', async () => {
      const got = await reader.get('events.ledger');
      if (got) reader.nack(got, false, false);
      return Boolean(got);
    });
    await eventually('it comes again', () => tries === 2, 20_000);
    await connection.close();
    await server.stop();
    await eventually('it says so', async () => /HUB_EVENTS_URL|RabbitMQ/.test((await broadcast.health()).output ?? ''));
    await assert.rejects(broadcast.publish([message('11', 'a')]), { code: 'HUB_ENGINE_UNAVAILABLE' });
    await server.restart();
    await isUp();
    await connect();
    assert.equal(await broadcast.publishTo('ledger', [message('11', 'a')]), 'taken');
    const got = await idsIn('ledger', 1);
    assert.deepEqual(got, ['11']);
    await broadcast.publishTo('ledger', [message('12', 'a')]);
    await eventually('it is refused', async () => {
      const one = await reader.get('events.ledger');
      if (one) reader.nack(one, false, false);
      return Boolean(one);
    });
    await eventually('who takes what is refused is there again', () => tries === 3, 20_000);
  }).timeout(120_000);
});
