import assert from 'node:assert/strict';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { InboundMessage, InboundReply, OrderInbox, Settlement } from '@sagahub/contracts/ports/order-inbox.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import amqp from 'amqplib';
import { availability, type RabbitMqServer, startRabbitMq } from '../../tests/servers/rabbitmq.ts';
import { startTcpProxy } from '../../tests/servers/tcp-proxy.ts';
import { addHubUser, AmqpPartner } from '../../tests/support/amqp-partner.ts';
import { systemClock } from '../process/clock.ts';
import { openRabbitMqOrderInbox, type RabbitMqOrderInboxOptions } from './order-inbox.ts';

const REPLY: InboundReply = { status: 202, replayed: false, contentType: 'application/json', body: '{}' };
const DONE: Settlement = { kind: 'done', reply: REPLY };

describe('inbox of orders on RabbitMQ', function () {
  let broker: RabbitMqServer;
  let hubUrl: string;
  let partner: AmqpPartner;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    broker = await startRabbitMq();
    hubUrl = await addHubUser(broker);
    partner = await AmqpPartner.connect(broker, 'acme-1');
  });
  after(async () => {
    await partner?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  const open = (options: Partial<RabbitMqOrderInboxOptions> = {}): OrderInbox =>
    openRabbitMqOrderInbox({
      url: hubUrl,
      setting: 'HUB_INBOX_URL',
      prefetch: 10,
      clock: systemClock(),
      logger: silentTelemetry.logger,
      ...options,
    });
  const isUp = (inbox: OrderInbox) => eventually('it is up', async () => (await inbox.health()).status === 'pass');
  const isEmpty = () => eventually('the queue is empty', async () => (await broker.waiting('orders.inbound')) === 0);

  it('brings what the broker vouches for, and takes the answer back', async () => {
    const inbox = open();
    const seen: InboundMessage[] = [];
    await using _consumer = await inbox.consume(async (message) => (seen.push(message), DONE));
    await isUp(inbox);
    const headers = { 'idempotency-key': 'key-1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const answer = await partner.request('{}', { messageId: 'm-1', correlationId: 'c-1', contentType: 'application/json', headers });
    assert.deepEqual([answer.status, answer.body], [202, {}]);
    const { clientId, messageId, correlationId, idempotencyKey, contentType, traceparent, bytes, foreignReplyTo } = seen[0]!;
    assert.deepEqual([clientId, messageId, correlationId, idempotencyKey], ['acme-1', 'm-1', 'c-1', 'key-1']);
    assert.deepEqual([contentType, traceparent, bytes, foreignReplyTo], ['application/json', headers.traceparent, 2, undefined]);
  });

  it('cannot be told another sender: the broker refuses the message', async () => {
    const connection = await amqp.connect(broker.urlOf('acme-1'));
    connection.on('error', () => {});
    const channel = await connection.createConfirmChannel();
    const closed = new Promise<Error>((resolve) => channel.once('error', resolve));
    channel.publish('orders.inbound', '', Buffer.from('{}'), { userId: 'globex-1' });
    assert.match((await closed).message, /PRECONDITION_FAILED.*user_id/);
    await connection.close().catch(() => {});
  });

  it('lets a partner put orders in, and nothing else: not even into the hub’s own queues', async () => {
    const connection = await amqp.connect(broker.urlOf('acme-1'));
    connection.on('error', () => {});
    const channel = await connection.createConfirmChannel();
    const closed = new Promise<Error>((resolve) => channel.once('error', resolve));
    channel.publish('', 'sagahub.orchestration.order', Buffer.from('{}'));
    assert.match((await closed).message, /ACCESS_REFUSED/);
    await connection.close().catch(() => {});
  });

  it('sends no answer to an address that is not the sender’s', async () => {
    const inbox = open();
    const foreign: (string | undefined)[] = [];
    const consumer = await inbox.consume(async ({ foreignReplyTo }) => (foreign.push(foreignReplyTo), DONE));
    await isUp(inbox);
    const connection = await amqp.connect(broker.url);
    const channel = await connection.createChannel();
    await channel.assertQueue('orders.reply.globex-1', { exclusive: true });
    await partner.send('{}', { replyTo: 'orders.reply.globex-1' });
    await eventually('it is seen', () => foreign.length === 1);
    await consumer[Symbol.asyncDispose]();
    assert.equal((await channel.checkQueue('orders.reply.globex-1')).messageCount, 0);
    assert.deepEqual(foreign, ['orders.reply.globex-1']);
    await connection.close();
  });

  it('brings a message again that was given back, or was in hand when the connection broke', async () => {
    await using proxy = await startTcpProxy(broker.port);
    const inbox = open({ url: hubUrl.replace(String(broker.port), String(proxy.port)) });
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const consumer = await inbox.consume(async ({ messageId = '', signal }) => {
      seen.push(messageId);
      if (messageId === 'given-back' && seen.filter((id) => id === messageId).length === 1) return { kind: 'later' };
      if (messageId !== 'cut' || seen.filter((id) => id === messageId).length > 1) return DONE;
      first.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return DONE; // in vain: the broker has it back
    });
    await isUp(inbox);
    await partner.send('{}', { messageId: 'given-back' });
    await eventually('it comes again', () => seen.length === 2);
    await partner.send('{}', { messageId: 'cut' });
    await first.promise;
    proxy.cut();
    await eventually('it comes again', () => seen.filter((id) => id === 'cut').length === 2);
    await isEmpty();
    await consumer[Symbol.asyncDispose]();
  });

  it('takes no more than it may have in hand, and leaves the rest in the queue when it stops', async () => {
    const inbox = open({ prefetch: 3 });
    let inHand = 0;
    const consumer = await inbox.consume(async ({ signal }) => {
      inHand += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return { kind: 'later' };
    });
    await isUp(inbox);
    for (let i = 0; i < 8; i++) await partner.send('{}', { messageId: `m-${i}` });
    await eventually('three are in hand', () => inHand === 3);
    await consumer[Symbol.asyncDispose]();
    assert.equal(inHand, 3);
    await eventually('all wait for the next', async () => (await broker.waiting('orders.inbound')) === 8);
    const next = open();
    await using _drain = await next.consume(async () => DONE);
    await isEmpty();
  });

  it('is made again after its queue was deleted and after the broker was away', async () => {
    const inbox = open();
    const seen: string[] = [];
    await using _consumer = await inbox.consume(async ({ messageId = '' }) => (seen.push(messageId), DONE));
    await isUp(inbox);
    const connection = await amqp.connect(broker.url);
    const channel = await connection.createChannel();
    await channel.deleteQueue('orders.inbound');
    await connection.close();
    await eventually('it is noticed', async () => (await inbox.health()).status !== 'pass');
    await isUp(inbox);
    await partner.send('{}', { messageId: 'after-deletion' });
    await eventually('it is seen', () => seen.includes('after-deletion'));
    await partner[Symbol.asyncDispose]();
    await broker.stop();
    await eventually('it says so', async () => /HUB_INBOX_URL|RabbitMQ/.test((await inbox.health()).output ?? ''));
    await broker.restart();
    await isUp(inbox);
    partner = await AmqpPartner.connect(broker, 'acme-2');
    await partner.send('{}', { messageId: 'after-restart' });
    await eventually('it is seen', () => seen.includes('after-restart'));
  });

  it('says which setting is wrong', () => {
    assert.throws(() => open({ url: 'redis://localhost' }), ConfigurationError);
  });
});
