import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { secrets, SpawnedProcess } from '@sagahub/hub/networked/testing/spawned-process.ts';
import { startTcpProxy } from '../servers/tcp-proxy.ts';
import { missingEngines, SharedEngines } from '../support/engines.ts';
import { HEALTHY } from '../faults/campaign.ts';
import { emptyRabbitMq, emptyRedis } from '../faults/networked/emptying.ts';
import { sagahub } from '@sagahub/hub/cli/testing/command-line.ts';
import { NetworkedHub } from '../support/networked-hub.ts';

describe('processes of the networked profile', () => {
  let engines: SharedEngines;
  before(async function () {
    const missing = missingEngines();
    if (missing.length > 0) skip(this, missing.join('; '));
    engines = await SharedEngines.start();
  });
  after(() => engines?.[Symbol.asyncDispose]());

  it('wait for engines that start after them, each in its turn, and serve once all are there', async () => {
    const urls = await engines.forOneHub('postgres');
    await engines.postgres.stop();
    await engines.rabbitmq.stop();
    await using started = await SpawnedProcess.start('orchestration-service', { ...secrets(), ...urls });
    const waitsFor = (check: string) =>
      until(
        `${check} being waited for`,
        () => started.probe('startup'),
        ({ text }) => text.includes(check),
      );
    await waitsFor('postgresql:connection');
    assert.deepEqual(await started.statuses(), [200, 503, 503]);
    await engines.postgres.start();
    const { text } = await waitsFor('rabbitmq:connection');
    assert.match(text, /RabbitMQ at amqp:\/\/guest:\*\*\*@.*HUB_RABBITMQ_URL/);
    assert.doesNotMatch(text, /postgresql:connection/);
    await engines.rabbitmq.restart();
    await until(
      'the process being ready',
      () => started.statuses(),
      (statuses) => statuses.every((status) => status === 200),
    );
    assert.equal(started.child.exitCode, null);
  });

  for (const after of [1, 2, 3, 4])
    it(`begin anew when PostgreSQL goes away as they start, ${after} of their connections made`, async () => {
      const urls = await engines.forOneHub('postgres');
      const { port } = new URL(urls.HUB_POSTGRES_URL);
      await using link = await startTcpProxy(Number(port));
      const throughLink = { HUB_POSTGRES_URL: urls.HUB_POSTGRES_URL.replace(port, String(link.port)) };
      await using started = await SpawnedProcess.start('gateway', { ...secrets(), ...urls, ...throughLink });
      const connected = (count: number) =>
        until(
          `${count} connections`,
          async () => link.connections,
          (made) => made >= count,
        );
      await connected(after);
      link.refuse();
      await connected(after + 3);
      link.heal();
      await until(
        'the process being ready',
        () => started.statuses(),
        (statuses) => statuses.every((status) => status === 200),
      );
      assert.equal(started.child.exitCode, null);
    }).timeout(120_000);

  it('take over from one another when one that leads is killed', async () => {
    await using hub = await NetworkedHub.start(await engines.forOneHub('postgres'), { replicas: 2 });
    const demo = hub.client('demo');
    const goesThrough = async (orderNumber: string): Promise<void> => {
      const { body } = await demo.post('/api/v1/orders', anOrder(orderNumber));
      // Shown by its status, so it was sequenced, relayed, worked on and projected.
      await until(
        `${orderNumber} being shown as completed`,
        () => demo.get(`/api/v1/orders?orderNumber=${orderNumber}&status=completed`),
        (answer) => answer.body.items?.[0]?.orderId === body.orderId,
      );
    };
    await goesThrough('BEFORE');
    // Whichever of the two leads, one of these kills ends it.
    for (const replica of [0, 1]) {
      for (const name of ['orchestration-service', 'read-model'] as const) await hub.end(name, 'SIGKILL', replica);
      await goesThrough(`WITHOUT-${replica}`);
      if (replica === 0) await hub.startAgain();
    }
  }).timeout(180_000);

  it('come back from dumps of PostgreSQL alone, when it, MongoDB, Redis and RabbitMQ are lost together', async () => {
    const { postgres, redis, rabbitmq, mongodb } = engines;
    const urls = await engines.forOneHub('postgres');
    const ofOwner = urls.HUB_POSTGRES_URL.replace('service@', 'postgres@');
    await using hub = await NetworkedHub.start(urls, { env: { HUB_BREAKER_FAILURES: '1', HUB_BREAKER_OPEN: '1s' } });
    const demo = hub.client('demo');
    const post = async (orderNumber: string): Promise<string> => (await demo.post('/api/v1/orders', anOrder(orderNumber))).body.orderId;
    const listed = (count: number, status: string) =>
      until(
        `${count} orders being ${status}`,
        async () => (await demo.get(`/api/v1/orders?status=${status}&limit=200`)).body.items as readonly { orderId: string }[],
        (items) => items.length === count,
        60_000,
      );
    const shown = async (items: readonly { orderId: string }[]) =>
      Promise.all(
        items.map(async ({ orderId }) => {
          const [order, timeline] = [await demo.get(`/api/v1/orders/${orderId}`), await demo.get(`/api/v1/orders/${orderId}/timeline`)];
          return [order.body, order.headers.get('etag'), timeline.body];
        }),
      );
    await Promise.all(Array.from({ length: 20 }, (_, order) => post(`DONE-${order}`)));
    const done = await shown(await listed(20, 'completed'));
    await hub.erp.behave({ outage: 'unavailable' });
    const waiting = await Promise.all(Array.from({ length: 5 }, (_, order) => post(`WAITING-${order}`)));
    await listed(5, 'waiting');

    const [log, keys] = [postgres.dump(ofOwner, 'sagahub'), postgres.dump(ofOwner, 'sagahub_keys')];
    // Behind the backup: lost with the log, though everything else knows it still.
    const lost = await post('LOST-1');
    await listed(6, 'waiting');
    await hub.kill();
    const fresh = await postgres.createDatabase();
    postgres.restore(fresh, log);
    postgres.restore(fresh, keys);
    await emptyRedis(redis);
    await emptyRabbitMq(rabbitmq, 'queues');
    await hub.startAgain({ HUB_POSTGRES_URL: fresh.replace('postgres@', 'service@'), HUB_MONGODB_URL: mongodb.database('anew') });

    const { body } = await until(
      'everything being listed again',
      () => demo.get('/api/v1/orders?limit=200'),
      (answer) => answer.status === 200 && answer.body.items.length === 25,
      60_000,
    );
    assert.deepEqual(await shown(body.items.slice(5)), done, 'what was completed is shown as it was');
    assert.equal((await demo.get(`/api/v1/orders/${lost}`)).status, 404);
    await hub.erp.behave(HEALTHY);
    const again = await post('LOST-1');
    const ended = await listed(26, 'completed');
    assert.deepEqual(new Set(ended.slice(0, 6).map(({ orderId }) => orderId)), new Set([...waiting, again]));
    assert.equal([...hub.erp.ledger.effects()].length, 26, 'nothing went to the ERP twice');

    const operator = { HUB_URL: hub.url, HUB_CLIENT_ID: 'operator', HUB_CLIENT_SECRET: hub.secretOf('operator') };
    const rebuilt = await sagahub(['rebuild', '--json'], { env: operator });
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
  }).timeout(240_000);
});
