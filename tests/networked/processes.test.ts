import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { secrets, SpawnedProcess } from '@sagahub/hub/networked/testing/spawned-process.ts';
import { missingEngines, SharedEngines } from '../support/engines.ts';
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
});
