import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import amqp from 'amqplib';
import { availability, type RabbitMqServer, startRabbitMq } from '../servers/rabbitmq.ts';
import { EventConsumer, type ReceivedEvent } from '../support/event-consumer.ts';
import { HubHere } from './hub-here.ts';

const PATH = '/api/v1/admin/consumers';
/** What an order goes through when nothing is in its way. */
const STORY = ['order.received', 'order.processing', 'order.completed'];

describe('consumers of events, in trouble', function () {
  this.timeout(120_000);
  let broker: RabbitMqServer;
  let hub: HubHere;
  let ledger: EventConsumer;
  let env: Record<string, string>;
  const posted: string[] = [];
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    broker = await startRabbitMq();
    env = {
      HUB_EVENTS_URL: broker.url,
      HUB_CONSUMERS: 'ledger=order.#;slow=order.#;dead=order.#;picky=order.completed',
      HUB_CONSUMER_RETRY_DELAYS: '100ms',
      HUB_CONSUMER_QUEUE_LIMIT: '20',
    };
    hub = await HubHere.start({ env });
    for (const name of ['ledger', 'slow', 'dead', 'picky']) await hasQueue(name);
    ledger = await EventConsumer.read(broker.url, 'ledger');
  });
  after(async () => {
    await ledger?.[Symbol.asyncDispose]();
    await hub?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  const post = async (count: number): Promise<void> => {
    const from = posted.length;
    posted.push(...(await Promise.all(Array.from({ length: count }, (_, index) => hub.post(`FAN-${from + index}`)))));
  };
  const hasQueue = (name: string) =>
    until(
      `the queue of ${name}`,
      () => broker.waiting(`events.${name}`),
      (waiting) => waiting !== undefined,
    );
  /** Each order's whole story, in its order, at least once. */
  const hasAll = async (consumer: EventConsumer, types: readonly string[] = STORY): Promise<void> => {
    await until(
      'all being told',
      async () => consumer.distinct.length,
      (count) => count >= posted.length * types.length,
    );
    const stories = Map.groupBy(consumer.distinct, ({ subject }) => subject);
    for (const orderId of posted)
      assert.deepEqual(
        stories.get(`order/${orderId}`)?.map(({ type }) => type),
        types,
      );
  };
  const viewOf = async (name: string) => {
    const { body } = await hub.operator.get(PATH);
    return (body.items as { readonly name: string; readonly [field: string]: any }[]).find((one) => one.name === name)!;
  };
  const openLetters = async () =>
    (await hub.operator.get('/api/v1/admin/dead-letters?origin=consumer&state=open&limit=100')).body.items as readonly any[];

  it('delay no other: not one that is slow, none at all, nor one that refuses everything', async () => {
    await using slow = await EventConsumer.read(broker.url, 'slow', 'hold', 2);
    await using picky = await EventConsumer.read(broker.url, 'picky', 'refuse');
    await post(10);
    await hasAll(ledger);
    assert.equal(slow.received.length, 2);
    await until(
      'the full queue being noticed',
      () => viewOf('dead'),
      ({ problem }) => /its queue holds \d+ events/.test(problem ?? ''),
    );
    const { waiting } = await viewOf('dead');
    await post(10);
    await hasAll(ledger);
    const behind = await viewOf('dead');
    assert.equal(behind['waiting'], waiting, 'what is beyond the limit waits in the log');
    assert.match(behind['behindSince'], /^\d{4}-/);
    await hasAll(picky, ['order.completed']);
    await until('a letter for each order', openLetters, (found) => found.length === posted.length);
    const metrics = await until(
      'the metrics of the queue telling how many wait, which are counted now and then',
      async () => (await fetch(`${hub.managementUrl}/metrics`)).text(),
      (text) => text.includes(`hub_consumer_waiting{consumer="dead"} ${waiting}\n`),
    );
    assert.match(metrics, /hub_consumer_behind\{consumer="dead"\} 1/);
    assert.match(metrics, /hub_consumer_behind\{consumer="ledger"\} 0/);
    const health = await (await fetch(`${hub.managementUrl}/health/ready`)).text();
    assert.match(health, /consumer-dead:serving/);
  });

  it('get everything once they read, in the order of what happened', async () => {
    await using dead = await EventConsumer.read(broker.url, 'dead');
    await using slow = await EventConsumer.read(broker.url, 'slow');
    await hasAll(dead);
    await hasAll(slow);
    await until(
      'it being up to date',
      () => viewOf('dead'),
      ({ problem, behindSince }) => problem === undefined && behindSince === undefined,
    );
  });

  it('leave dead letters of what they refuse, each redriven to its consumer alone', async () => {
    const letters = await openLetters();
    assert.deepEqual(new Set(letters.map(({ reason }) => reason)), new Set(['picky: the consumer refused it']));
    assert.equal(letters[0].attempts, 2);
    assert.deepEqual(new Set(letters.map(({ objectId }) => objectId)), new Set(posted));
    const before = ledger.received.length;
    await using picky = await EventConsumer.read(broker.url, 'picky');
    const reason = 'picky was mended';
    const asked = await hub.operator.post('/api/v1/admin/redrives', { filter: { origin: 'consumer' }, reason });
    assert.equal(asked.status, 202, asked.text);
    await hasAll(picky, ['order.completed']);
    await until('all being settled', openLetters, (found) => found.length === 0);
    assert.equal(ledger.received.length, before);
  });

  it('are served again from the log after their queue was deleted', async () => {
    const connection = await amqp.connect(broker.url);
    const channel = await connection.createChannel();
    await post(2);
    await hasAll(ledger);
    await ledger[Symbol.asyncDispose]();
    await post(2); // in the queue when that goes
    await until(
      'some being in the queue',
      () => broker.waiting('events.ledger'),
      (waiting) => (waiting ?? 0) > 0,
    );
    await channel.deleteQueue('events.ledger');
    await connection.close();
    await post(2);
    await hasQueue('ledger');
    ledger = await EventConsumer.read(broker.url, 'ledger');
    await hasAll(ledger);
  });

  it('get what happened while the broker was away', async () => {
    await ledger[Symbol.asyncDispose]();
    await broker.stop();
    await post(3);
    await broker.restart();
    ledger = (await until(
      'the broker being there again',
      () => EventConsumer.read(broker.url, 'ledger').catch(() => undefined),
      (consumer) => consumer !== undefined,
    )) as EventConsumer;
    const missed = posted.slice(-3).flatMap((orderId) => STORY.map((type) => `order/${orderId} ${type}`));
    const told = ({ subject, type }: ReceivedEvent): string => `${subject} ${type}`;
    await until(
      'what was missed',
      async () => ledger.distinct.map(told),
      (all) => missed.every((one) => all.includes(one)),
    );
  });

  it('get everything again that they ask for, under the same ids, and the others nothing of it', async () => {
    await using slow = await EventConsumer.read(broker.url, 'slow');
    await until(
      'it having read what there is',
      () => viewOf('slow'),
      ({ waiting, behindSince }) => waiting === 0 && behindSince === undefined,
    );
    const before = slow.received.length;
    const reason = 'its database was lost';
    const unknown = await hub.operator.post(`${PATH}/nobody/recover`, { position: '0', reason });
    assert.equal(unknown.status, 404);
    assert.equal((await hub.operator.post(`${PATH}/ledger/recover`, { reason })).status, 422);
    assert.equal((await hub.operator.post(`${PATH}/ledger/recover`, { position: '99999999', reason })).status, 422);
    assert.equal((await hub.demo.post(`${PATH}/ledger/recover`, { position: '0', reason })).status, 403);
    await ledger[Symbol.asyncDispose]();
    ledger = await EventConsumer.read(broker.url, 'ledger');
    const asked = await hub.operator.post(`${PATH}/ledger/recover`, { position: '0', reason });
    assert.deepEqual([asked.status, asked.body], [202, { name: 'ledger', position: '0' }]);
    await hasAll(ledger);
    assert.equal(slow.received.length, before);
  });

  it('are followed through a restart of the hub, and through a change of the configuration', async () => {
    await until(
      'it having what there is',
      () => viewOf('ledger'),
      ({ waiting, behindSince }) => waiting === 0 && behindSince === undefined,
    );
    await ledger[Symbol.asyncDispose]();
    const before = posted.length;
    await hub.stop();
    env['HUB_CONSUMERS'] = 'ledger=order.completed;fresh=order.*;early=order.*@2020-01-01T00:00:00Z';
    await hub.startAgain();
    for (const name of ['fresh', 'early']) await hasQueue(name);
    ledger = await EventConsumer.read(broker.url, 'ledger');
    await using fresh = await EventConsumer.read(broker.url, 'fresh');
    await using early = await EventConsumer.read(broker.url, 'early');
    const slowHad = (await broker.waiting('events.slow')) ?? 0;
    await post(2);
    await hasAll(early);
    const added = posted.slice(before);
    await until(
      'the new orders',
      async () => fresh.distinct.length,
      (count) => count >= 2 * STORY.length,
    );
    assert.deepEqual(new Set(fresh.received.map(({ subject }) => subject)), new Set(added.map((orderId) => `order/${orderId}`)));
    await until(
      'the orders that ended',
      async () => ledger.distinct.length,
      (count) => count >= 2,
    );
    const told = ledger.distinct.map(({ subject, type }) => `${subject} ${type}`);
    assert.deepEqual(new Set(told), new Set(added.map((orderId) => `order/${orderId} order.completed`)), 'a restart brings nothing again');
    assert.equal(await broker.waiting('events.slow'), slowHad, 'who is configured no more gets no more');
  });
});
