import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPostgresOpenWork } from '@sagahub/adapters/postgres/open-work.ts';
import { openHubDatabase } from '@sagahub/adapters/postgres/hub-database.ts';
import { queueName } from '@sagahub/adapters/rabbitmq/topology.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { availability, type PostgresServer, startPostgres } from '../tests/servers/postgres.ts';
import { K8S, ofKind, writtenManifests } from './testing/manifests.ts';

const objects = writtenManifests().flatMap((manifests) => manifests.objects);
const QUEUES: Readonly<Record<string, string>> = { 'orchestration-service': 'orchestration.order', 'outbound-service': 'outbound.erp' };
const scaled = Object.fromEntries(ofKind(objects, 'ScaledObject').map(({ metadata, spec }) => [metadata.name, spec.triggers]));
const trigger = (service: string, type: string): Record<string, string> =>
  scaled[service].find((one: { type: string }) => one.type === type).metadata;

describe('manifests and the code', () => {
  it('scale by the queues that the message bus makes', () => {
    assert.deepEqual(Object.keys(scaled).toSorted(), Object.keys(QUEUES));
    for (const [service, queue] of Object.entries(QUEUES)) assert.equal(trigger(service, 'rabbitmq')['queueName'], queueName(queue));
  });

  it('read their secrets from files that the secrets hold, and hold no secret that nothing reads', () => {
    const mounts: Readonly<Record<string, string>> = {
      engines: '/run/secrets/engines/',
      erp: '/run/secrets/erp/',
      payments: '/run/secrets/payments/',
      owner: '/run/secrets/owner/',
    };
    const texts = [
      'base/settings.env',
      'base/master-key.yaml',
      'components/inbox/integration-service.yaml',
      'components/events/outbound-service.yaml',
      'components/payments/outbound-service.yaml',
      'components/migrate/migrate.yaml',
      'overlays/production/alerts.yaml',
      'overlays/production/erp-credentials.yaml',
    ]
      .map((path) => readFileSync(join(K8S, path), 'utf8'))
      .join('\n');
    for (const [name, folder] of Object.entries(mounts)) {
      const read = [...texts.matchAll(/_FILE(?:=|, value: )([\w/-]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((path) => path.startsWith(folder));
      const [explicit] = ofKind(objects, 'ExternalSecret').filter(({ metadata, spec }) => metadata.name === name && spec.data);
      const held = explicit?.['spec'].data.map(({ secretKey }: { secretKey: string }) => secretKey);
      assert.deepEqual(new Set(held), new Set(read.map((path) => path.slice(folder.length))), name);
    }
    for (const { spec } of ofKind(objects, 'TriggerAuthentication'))
      for (const { name, key } of spec.secretTargetRef) assert.ok(texts.includes(`${mounts[name]}${key}\n`), `${name}: ${key}`);
  });

  describe('scale by the age of the oldest open work', () => {
    let server: PostgresServer | undefined;
    before(async function () {
      const missing = availability();
      if (missing) skip(this, missing);
      server = await startPostgres();
    });
    after(() => server?.[Symbol.asyncDispose]());

    for (const [service, queue] of Object.entries(QUEUES))
      it(`${service}: what is due counts, hinted or not; what waits for its time or belongs to others does not`, async () => {
        assert.ok(server);
        const url = await server.createDatabase();
        await using database = await openHubDatabase({ url });
        await using work = openPostgresOpenWork(database);
        const age = async () =>
          Object.values((await server?.query<Record<string, number>>(url, trigger(service, 'postgresql')['query'] ?? ''))?.[0] ?? {});
        assert.deepEqual(await age(), [0]);

        const nowMs = Date.now();
        const item = (stream: string, agoMs: number, other: { queue?: string } = {}) => ({
          stream,
          revision: 0,
          items: [
            {
              stream,
              step: 'step',
              queue,
              partnerId: 'acme',
              attempt: 1,
              dueAtMs: nowMs - agoMs,
              sinceMs: nowMs - 1e9,
              revision: 0,
              sagaVersion: 1,
              ...other,
            },
          ],
        });
        await work.apply([item('order-later', -60_000), item('order-of-others', 900_000, { queue: 'operator' })], 1n);
        assert.deepEqual(await age(), [0]);
        await work.apply([item('order-waiting', 100_000), item('order-retried', 500_000)], 2n);
        await work.defer({ stream: 'order-retried', step: 'step', attempt: 1 }, nowMs + 60_000);
        await work.claimDue(nowMs, 10, 30_000); // hinted, and not done: still waiting for a worker
        const [seconds = 0] = await age();
        assert.ok(seconds >= 100 && seconds < 130, `${seconds} s`);
      });
  });
});
