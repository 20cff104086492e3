import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { StoredCheckpoints } from '../faults/networked/checkpoints.ts';
import { emptyRabbitMq, emptyRedis } from '../faults/networked/emptying.ts';
import { missingEngines, SharedEngines } from '../support/engines.ts';
import { EventConsumer } from '../support/event-consumer.ts';
import { NetworkedHub } from '../support/networked-hub.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

/** Orders that the backup lacks: many more events than the one that comes after the restore. */
const LOST = 10;
const CONSUMER = 'ledger';
/** Whose checkpoints lie in MongoDB, by the first part of their names. */
const FOLLOWERS = ['orders', 'webhook-fan-out', 'events-broadcast', `events-${CONSUMER}`];

describe('a log that was restored to an earlier moment, beside a MongoDB that remembers what came after it', () => {
  let engines: SharedEngines;
  before(async function () {
    this.timeout(120_000);
    const missing = missingEngines();
    if (missing.length > 0) skip(this, missing.join('; '));
    engines = await SharedEngines.start();
  });
  after(() => engines?.[Symbol.asyncDispose]());

  it('is gone on from: lists show what it holds, and subscribers and consumers are told what comes', async () => {
    const { postgres, redis, rabbitmq } = engines;
    const urls = await engines.forOneHub('postgres');
    await using receiver = await WebhookReceiver.start();
    await using hub = await NetworkedHub.start(urls, {
      env: {
        HUB_CONSUMERS: `${CONSUMER}=order.completed`,
        HUB_EVENTS_URL: urls.HUB_RABBITMQ_URL,
        HUB_WEBHOOK_ALLOW_HTTP: 'true',
        HUB_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      },
    });
    const demo = hub.client('demo');
    const subscribed = await demo.post('/api/v1/webhooks', { url: receiver.url('/told'), types: ['order.completed'] });
    assert.equal(subscribed.status, 201, subscribed.text);
    const completed = async (orderNumber: string): Promise<string> => {
      const { status, body, text } = await demo.post('/api/v1/orders', anOrder(orderNumber));
      assert.equal(status, 202, text);
      await receiver.until('/told', (told) => told.some(({ body: { data } }) => data.orderId === body.orderId));
      return body.orderId as string;
    };
    const listed = async (): Promise<readonly string[]> =>
      (await demo.get('/api/v1/orders?status=completed')).body.items?.map(({ orderId }: { orderId: string }) => orderId);

    const kept = await completed('KEPT');
    const owner = urls.HUB_POSTGRES_URL.replace('service@', 'postgres@');
    const dumps = ['sagahub', 'sagahub_keys'].map((schema) => postgres.dump(owner, schema));
    const [row] = await postgres.query<{ events: string }>(owner, 'SELECT count(*) AS events FROM sagahub.events');
    await Promise.all(Array.from({ length: LOST }, (_, order) => completed(`LOST-${order}`)));
    // Terms that the backup knows nothing of, either.
    for (let term = 0; term < 2; term += 1)
      for (const name of ['read-model', 'outbound-service'] as const) {
        await hub.end(name, 'SIGTERM');
        await hub.startProcess(name);
      }
    await using checkpoints = await StoredCheckpoints.open(urls.HUB_MONGODB_URL);
    await until(
      'MongoDB being well ahead of the backup',
      async () => [...(await checkpoints.read())],
      (all) =>
        FOLLOWERS.every((one) =>
          all.some(([name, at]) => name.startsWith(`progress:${one}#`) && at > BigInt(row!.events) + 4n * BigInt(LOST)),
        ),
    );

    await hub.kill();
    const fresh = await postgres.createDatabase();
    for (const dump of dumps) postgres.restore(fresh, dump);
    await emptyRedis(redis);
    await emptyRabbitMq(rabbitmq, 'queues');
    await hub.startAgain({ HUB_POSTGRES_URL: fresh.replace('postgres@', 'service@') });
    await until(
      'the queue of the consumer',
      () => rabbitmq.waiting(`events.${CONSUMER}`),
      (waiting) => waiting !== undefined,
    );
    await using ledger = await EventConsumer.read(urls.HUB_RABBITMQ_URL, CONSUMER);

    const anew = await completed('ANEW');
    await until('the list showing what the log holds, and nothing else', listed, (orders) => orders?.length === 2 && orders.includes(kept));
    assert.deepEqual(new Set(await listed()), new Set([kept, anew]));
    await until(
      'the consumer being told',
      async () => ledger.distinct.map(({ subject }) => subject),
      (subjects) => subjects.includes(`order/${anew}`),
    );
  }).timeout(240_000);
});
