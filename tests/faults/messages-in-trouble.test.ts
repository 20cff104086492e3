import assert from 'node:assert/strict';
import { StorageFullError } from '@sagahub/contracts/errors.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { availability, type RabbitMqServer, startRabbitMq } from '../servers/rabbitmq.ts';
import { addHubUser, AmqpPartner } from '../support/amqp-partner.ts';
import { HubHere } from './hub-here.ts';
import { replacing, withPort } from './seams.ts';

describe('orders by message, in trouble', function () {
  let broker: RabbitMqServer;
  let hubUrl: string;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    broker = await startRabbitMq();
    hubUrl = await addHubUser(broker);
    await broker.addUser('demo', { configure: '^$', write: '^orders\\.inbound$', read: '^$' });
  });
  after(() => broker?.[Symbol.asyncDispose]());

  it('wait while the disk is full, none parked and none lost, and become orders when there is room', async () => {
    let isFull = false;
    let refused = 0;
    const store = withPort('store', (inner) =>
      replacing(inner, {
        append: (append) => {
          if (!isFull) return inner.append(append);
          refused += 1;
          return Promise.reject(new StorageFullError(new Error('no space left on device')));
        },
      }),
    );
    await using hub = await HubHere.start({ ...store, env: { HUB_INBOX_URL: hubUrl } });
    await using partner = await AmqpPartner.as(broker, 'demo');
    await until(
      'the inbox being there',
      () => broker.waiting('orders.inbound'),
      (waiting) => waiting === 0,
    );
    isFull = true;
    const answers = Array.from({ length: 20 }, (_, index) => partner.request(anOrder(`FULL-${index}`), { messageId: `full-${index}` }));
    const broken = partner.request({ orderNumber: 'FULL-BROKEN' }, { messageId: 'full-broken' });
    await until(
      'each being tried',
      async () => refused,
      (count) => count >= 21,
    );
    const before = refused;
    await until(
      'them being tried again',
      async () => {
        hub.leap(500);
        return refused;
      },
      (count) => count > before,
    );
    assert.deepEqual((await hub.operator.get('/api/v1/admin/dead-letters?origin=inbound')).body.items, []);
    isFull = false;
    hub.leap(10_000);
    for (const { status } of await Promise.all(answers)) assert.equal(status, 202);
    assert.equal((await broken).status, 422, 'what can never be an order is parked as soon as that can be recorded');
    assert.doesNotMatch(hub.log, /could not be settled/);
  });

  it('are finished or left to the next when the hub stops', async () => {
    await using hub = await HubHere.start({ env: { HUB_INBOX_URL: hubUrl, HUB_INBOX_PREFETCH: '4' } });
    await using partner = await AmqpPartner.as(broker, 'demo');
    await Promise.all(Array.from({ length: 60 }, (_, index) => partner.send(anOrder(`STOP-${index}`), { messageId: `stop-${index}` })));
    await hub.stop();
    await hub.startAgain();
    const received = await until(
      'all being received',
      async () => {
        const { text } = await hub.auditor.get('/api/v1/events?type=OrderReceived');
        return text.split('\n').filter((line) => line.includes('"STOP-'));
      },
      (lines) => lines.length >= 60,
    );
    assert.equal(received.length, 60);
  });
});
