import assert from 'node:assert/strict';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { SERVICES } from '../../support/networked-hub.ts';
import { emptyRabbitMq, emptyRedis } from './emptying.ts';
import { awayAtPresent } from './excuses.ts';
import { networkedSite, REPLICAS, TEST_LIMIT_MS } from './site.ts';

const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);

describe(`a hub of many processes, with our double of KurrentDB as its log (HUB_FAULTS_SEED=${seed})`, () => {
  const held = networkedSite('kurrentdb');

  it('keeps every promise when one replica of each service is killed, and the server restarted', async () => {
    const { site } = held;
    const random = seededRandom(seed);
    const broken = await site.through(
      async ({ someLoad }) => {
        for (const name of SERVICES) {
          const replica = Math.floor(random() * REPLICAS);
          await site.hub.end(name, 'SIGKILL', replica);
          await someLoad();
          await site.hub.startProcess(name, replica);
        }
        const server = site.engines.kurrentdb!;
        server.kill();
        await server.restart();
        await someLoad();
        await server.dropConnections();
      },
      { seed, random, excused: awayAtPresent },
    );
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('has stock, discounts, open work and documents again, and keeps every promise, when all but the log and the keys are lost under load', async () => {
    const { site } = held;
    const { postgres, redis, rabbitmq, mongodb } = site.engines;
    const broken = await site.through(
      async () => {
        await site.hub.kill();
        const keys = postgres.dump(site.urls.HUB_POSTGRES_URL, 'sagahub_keys');
        const fresh = await postgres.createDatabase();
        postgres.restore(fresh, keys);
        await emptyRedis(redis);
        await emptyRabbitMq(rabbitmq, 'queues');
        await site.hub.startAgain({ HUB_POSTGRES_URL: fresh, HUB_MONGODB_URL: mongodb.database('anew') });
      },
      { seed, random: seededRandom(seed), excused: awayAtPresent },
    );
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);
});
