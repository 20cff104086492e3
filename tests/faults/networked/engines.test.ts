import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { sagahub } from '@sagahub/hub/cli/testing/command-line.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { availability as smallDiskMissing } from '../../servers/small-disk.ts';
import { emptyRabbitMq, emptyRedis } from './emptying.ts';
import { awayAtPresent, noExcuse } from './excuses.ts';
import { type Round, sharedSite, TEST_LIMIT_MS } from './site.ts';

const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);

describe(`a hub of many processes, with PostgreSQL as its log (HUB_FAULTS_SEED=${seed})`, () => {
  const held = sharedSite();
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
    const env = { HUB_URL: site.hub.url, HUB_CLIENT_ID: 'operator', HUB_CLIENT_SECRET: site.hub.secretOf('operator') };
    const rebuilt = await sagahub(['rebuild', '--json'], { env });
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
  }).timeout(TEST_LIMIT_MS);

  it('answers 503 on intake while the disk of PostgreSQL is full, goes on reading, and loses nothing, nor where PostgreSQL gives up', async function () {
    const { site } = held;
    const { postgres } = site.engines;
    const disk = postgres.smallDisk;
    if (!disk) return skip(this, smallDiskMissing() ?? 'PostgreSQL has no disk of its own');
    let number = 0;
    const refusal = (code: string) =>
      until(
        'an order being refused',
        () => site.demo.post('/api/v1/orders', anOrder(`FULL-${(number += 1)}`)),
        ({ status, body }) => status === 503 && body.code === code,
      );
    const broken = await site.through(async ({ someLoad }) => {
      await postgres.reserveLog();
      disk.fill();
      try {
        const { body, headers } = await refusal('HUB_STORAGE_FULL');
        assert.ok(Number(headers.get('retry-after')) > 0, body.detail);
        assert.equal((await site.demo.get('/api/v1/orders?limit=5')).status, 200);
      } finally {
        disk.free();
      }
      await someLoad();
      disk.fill();
      try {
        await postgres.useUpLog();
        const { body, headers } = await refusal('HUB_ENGINE_UNAVAILABLE');
        assert.ok(Number(headers.get('retry-after')) > 0, body.detail);
      } finally {
        disk.free();
        if (!postgres.isRunning()) await postgres.start();
      }
    }, round(awayAtPresent));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('keeps its promises while the clock of one process is an hour fast, and an hour slow', async () => {
    const { site } = held;
    const broken = await site.through(async ({ someLoad }) => {
      for (const aheadMs of [3_600_000, -3_600_000]) {
        await site.hub.setClock('orchestration-service', aheadMs, 0);
        await someLoad();
      }
      await site.hub.setClock('orchestration-service', 0, 0);
    }, round(noExcuse));
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('accepts all orders and sends none twice when the ERP answers nothing any more, nor takes anything', async () => {
    const { site } = held;
    const link = site.links.to('ERP');
    const broken = await site.through(async ({ someLoad }) => {
      link.silence();
      await someLoad();
      link.heal();
      await someLoad();
      link.loseAnswers();
      await someLoad();
      link.heal();
    }, round(noExcuse));
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
