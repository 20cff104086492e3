import assert from 'node:assert/strict';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { emptyRabbitMq, emptyRedis } from './emptying.ts';
import { awayAtPresent, noExcuse } from './excuses.ts';
import { networkedSite, type Round, TEST_LIMIT_MS } from './site.ts';

const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);

describe(`a hub of many processes, with PostgreSQL as its log (HUB_FAULTS_SEED=${seed})`, () => {
  const held = networkedSite('postgres');
  const round = (excused: Round['excused']): Round => ({ seed, random: seededRandom(seed), excused });

  it('answers everybody and loses nothing when Redis is emptied and restarted', async () => {
    const { site } = held;
    const { redis } = site.engines;
    const broken = await site.through(async ({ someLoad }) => {
      await emptyRedis(redis);
      await someLoad();
      await redis.kill();
      await someLoad();
      await redis.restart();
    }, round(noExcuse));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('accepts all orders and loses none when RabbitMQ is emptied, is away, and has lost its queues', async () => {
    const { site } = held;
    const { rabbitmq } = site.engines;
    const broken = await site.through(async ({ someLoad }) => {
      await emptyRabbitMq(rabbitmq, 'hints');
      await someLoad();
      await rabbitmq.stop();
      await someLoad();
      await rabbitmq.restart();
      await someLoad();
      await emptyRabbitMq(rabbitmq, 'queues');
    }, round(noExcuse));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('accepts all orders and loses none when MongoDB is away', async () => {
    const { site } = held;
    const { mongodb } = site.engines;
    const broken = await site.through(async ({ someLoad }) => {
      await mongodb.kill();
      await someLoad();
      await mongodb.restart();
    }, round(awayAtPresent));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('accepts all orders and loses none when MongoDB, Redis and RabbitMQ lose everything at once, with orders in flight', async () => {
    const { site } = held;
    const { mongodb, redis, rabbitmq } = site.engines;
    const broken = await site.through(async ({ someLoad }) => {
      await Promise.all([emptyRedis(redis), emptyRabbitMq(rabbitmq, 'queues')]);
      await Promise.all([mongodb.kill(), rabbitmq.stop()]);
      await mongodb.empty();
      await someLoad();
      await Promise.all([mongodb.restart(), rabbitmq.restart()]);
    }, round(awayAtPresent));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('tells everybody to try again and loses nothing when PostgreSQL is restarted, and when it is killed', async () => {
    const { site } = held;
    const { postgres } = site.engines;
    const broken = await site.through(async ({ someLoad }) => {
      await postgres.restart();
      await someLoad();
      await postgres.kill();
      await postgres.start();
    }, round(awayAtPresent));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);
});
