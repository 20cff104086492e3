import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { openDatabase } from '@sagahub/adapters/postgres/database.ts';
import { HUB_RIGHTS } from '@sagahub/adapters/postgres/hub-schema.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import type { ProcessName } from '@sagahub/hub/networked/process.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { noExcuse } from '../faults/networked/excuses.ts';
import { networkedSite, type NetworkedSite, REPLICAS, TEST_LIMIT_MS } from '../faults/networked/site.ts';
import { HEALTHY } from '../faults/campaign.ts';
import { statsOf } from '../faults/evidence.ts';
import { migrateWith } from '../support/engines.ts';
import { EventConsumer } from '../support/event-consumer.ts';
import { SERVICES } from '../support/networked-hub.ts';
import { bundled, type PreviousRelease, previousRelease, THIS_RELEASE } from '../support/previous-release.ts';
import { COMING_MIGRATIONS } from './coming-changes.ts';

const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);
const OUTAGE = { ...HEALTHY, outage: 'unavailable' } as const;
const GATEWAY: readonly ProcessName[] = ['gateway'];
/** Of each sender: there is to be a call under way whenever a process ends, and few orders, since starting twenty processes takes long. */
const PAUSE_MS = 400;
/** That wait for the ERP when replicas begin to be replaced. */
const WAITING = 10;

describe(`a rolling upgrade from the previous release, and back (HUB_FAULTS_SEED=${seed})`, () => {
  let previous: PreviousRelease | undefined;
  let ledger: EventConsumer | undefined;
  const held = networkedSite('postgres', (context) => ({
    release: (previous = bundled(previousRelease(context))).folder,
    env: ({ HUB_RABBITMQ_URL: url }) => ({ HUB_EVENTS_URL: url, HUB_CONSUMERS: 'ledger=order.completed', HUB_INBOX_URL: url }),
  }));
  before(async () => {
    const { rabbitmq } = held.site.engines;
    await until(
      'the queue of the consumer',
      () => rabbitmq.waiting('events.ledger'),
      (waiting) => waiting !== undefined,
    );
    ledger = await EventConsumer.read(rabbitmq.url, 'ledger');
  });
  after(async () => {
    await ledger?.[Symbol.asyncDispose]();
    previous?.[Symbol.dispose]();
  });

  /**
   * As Deployments are rolled: of all services at once, a replica each; the gateways' before or behind them. While the ERP is away, so that orders accepted
   * by one release are brought to their end by the other.
   */
  const replaceAll = async (
    site: NetworkedSite,
    release: string,
    order: readonly (readonly ProcessName[])[],
    before: () => Promise<unknown> = async () => {},
  ): Promise<readonly string[]> => {
    const codes: (number | null)[] = [];
    const broken = await site.through(
      async ({ someLoad }) => {
        await site.erp.behave(OUTAGE);
        await until(
          'orders waiting for the ERP',
          () => statsOf(site),
          (stats) => stats.inFlight >= WAITING,
        );
        await before();
        site.hub.release = release;
        for (const names of order) {
          for (let replica = 0; replica < REPLICAS; replica++)
            await Promise.all(
              names.map(async (name) => {
                codes.push(await site.hub.end(name, 'SIGTERM', replica));
                await site.hub.startProcess(name, replica);
              }),
            );
          if (names === SERVICES) {
            await someLoad();
            await site.erp.behave(HEALTHY);
          }
        }
      },
      { seed, random: seededRandom(seed), excused: noExcuse, alwaysThere: true, pauseMs: PAUSE_MS },
    );
    assert.deepEqual([...new Set(codes)], [0]);
    for (const { name, pid } of site.hub.processes) assert.equal(readlinkSync(`/proc/${pid}/cwd`), release, name);
    return broken;
  };

  /** Each order that ended was told to the consumer, whichever release told. */
  const toldAll = async ({ auditor }: NetworkedSite): Promise<void> => {
    const log = (await auditor.get('/api/v1/events?type=OrderCompleted')).text.split('\n').filter((line) => line !== '');
    await until(
      'the consumer being told of all',
      async () => new Set(ledger!.received.map(({ subject }) => subject)).size,
      (told) => told === log.length,
    );
  };

  it('answers every call, none with a 5xx, and loses nothing when each replica is replaced by the new release', async () => {
    const { site } = held;
    const { postgres } = site.engines;
    assert.equal(site.hub.release, previous!.folder);
    const broken = await replaceAll(site, THIS_RELEASE, [SERVICES, GATEWAY], async () => {
      const url = site.ownerUrl;
      await migrateWith(THIS_RELEASE)(url);
      // And beyond: what neither of the two knows.
      await (await openDatabase({ url, schema: 'sagahub', role: 'hub', migrations: COMING_MIGRATIONS, rights: HUB_RIGHTS }))[
        Symbol.asyncDispose
      ]();
      // One of the old release that must be started again after that, as when its machine fails.
      for (const name of ['integration-service', 'orchestration-service'] as const) {
        assert.equal(await site.hub.end(name, 'SIGTERM'), 0);
        await site.hub.startProcess(name);
      }
      assert.equal((await postgres.query(url, 'SELECT FROM sagahub.schema_changes')).length, COMING_MIGRATIONS.length - 3);
    });
    assert.deepEqual(broken, []);
    await toldAll(site);
  }).timeout(TEST_LIMIT_MS);

  it('does so too when it is rolled back, the gateway first, and what the new release wrote is read by the old one', async () => {
    const { site } = held;
    const broken = await replaceAll(site, previous!.folder, [GATEWAY, SERVICES]);
    assert.deepEqual(broken, []);
    await toldAll(site);
  }).timeout(TEST_LIMIT_MS);
});
