import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { PROCESSES } from '../../support/networked-hub.ts';
import { misbehave } from '../campaign.ts';
import { awayAtPresent, noExcuse } from './excuses.ts';
import { REPLICAS, sharedSite, TEST_LIMIT_MS } from './site.ts';

/** The seed makes the plan, the machine the timing: a failure is most often seen again, and not always. */
const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);

describe(`a hub of many processes, with PostgreSQL as its log (HUB_FAULTS_SEED=${seed})`, () => {
  const held = sharedSite();

  it('keeps every promise when a replica of each service, and a gateway, is killed and started again', async () => {
    const { site } = held;
    const random = seededRandom(seed);
    const broken = await site.through(
      async ({ someLoad }) => {
        for (const name of PROCESSES) {
          await misbehave(site, random);
          const replica = Math.floor(random() * REPLICAS);
          await site.hub.end(name, 'SIGKILL', replica);
          await someLoad();
          await site.hub.startProcess(name, replica);
        }
      },
      { seed, random, excused: awayAtPresent },
    );
    assert.deepEqual(broken, []);
  }).timeout(TEST_LIMIT_MS);

  it('answers every call, none with a 5xx, and loses nothing when a replica of each service, and a gateway, is restarted in turn', async () => {
    const { site } = held;
    const random = seededRandom(seed);
    const codes: (number | null)[] = [];
    const broken = await site.through(
      async ({ someLoad }) => {
        for (const name of PROCESSES) {
          const replica = Math.floor(random() * REPLICAS);
          codes.push(await site.hub.end(name, 'SIGTERM', replica));
          await site.hub.startProcess(name, replica);
          await someLoad();
        }
      },
      { seed, random, excused: noExcuse, alwaysThere: true },
    );
    assert.deepEqual(broken, []);
    assert.deepEqual([...new Set(codes)], [0]);
  }).timeout(TEST_LIMIT_MS);

  it('forgets a person in every process as soon as the erasure is answered', async () => {
    const { demo, operator } = held.site;
    const order = anOrder('ERASED-1', { buyer: { id: 'C-ERASED', name: 'Grace Hopper' } });
    const { orderId } = (await demo.post('/api/v1/orders', order)).body;
    const names = async (): Promise<readonly unknown[]> => {
      // More often than there are ways through gateways and replicas.
      const answers = await Promise.all(Array.from({ length: 4 * REPLICAS }, () => demo.get(`/api/v1/orders/${orderId}`)));
      return [...new Set(answers.map(({ body }) => body.buyer.name))];
    };
    assert.deepEqual(await names(), ['Grace Hopper']);
    const erasure = await operator.post('/api/v1/admin/erasures', { partnerId: 'demo', buyerId: 'C-ERASED', reason: 'asked for it' });
    assert.deepEqual([erasure.status, erasure.body.keys], [200, 1]);
    assert.deepEqual(await names(), [undefined]);
  }).timeout(TEST_LIMIT_MS);
});
