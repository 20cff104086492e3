import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { sagahub } from '@sagahub/hub/cli/testing/command-line.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { availability, type RabbitMqServer, startRabbitMq } from '../servers/rabbitmq.ts';
import { ROOT } from '../source-files.ts';
import { type JourneyHub, place, startHub } from './journey.ts';

describe('journey: consumers of events', () => {
  let broker: RabbitMqServer;
  let hub: JourneyHub;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    broker = await startRabbitMq();
    await broker.addUser('ledger', { configure: '^$', write: '^$', read: '^events\\.ledger$' });
    hub = await startHub(this, {
      env: { HUB_EVENTS_URL: broker.url, HUB_CONSUMERS: 'ledger=order.completed,order.rejected;idle=#' },
    });
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  it('are told what they asked for, with rights to their own queue alone', async () => {
    await until(
      'its queue',
      () => broker.waiting('events.ledger'),
      (waiting) => waiting !== undefined,
    );
    const child = spawn(process.execPath, [join(ROOT, 'docs/examples/event-consumer.mjs'), 'ledger'], {
      env: { ...process.env, AMQP_URL: broker.urlOf('ledger') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    try {
      const orderId = await place(hub.client('demo'), anOrder('CONSUMED-1'));
      await until(
        'the event',
        () => Promise.resolve(output),
        (text) => text.includes(`order.completed order/${orderId} `) && / demo$/m.test(text),
      );
      assert.doesNotMatch(output, /order\.received/);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('are listed and recovered by operators on the command line', async () => {
    const operator = { HUB_URL: hub.url, HUB_CLIENT_ID: 'operator', HUB_CLIENT_SECRET: hub.secretOf('operator') };
    const cli = (...args: readonly string[]) => sagahub(['consumers', ...args], { env: operator });
    await until(
      'the ledger having taken all',
      () => cli('list'),
      ({ stdout }) => /ledger +order\.completed,order\.rejected +0 +0 +0/.test(stdout),
    );
    // Received, processing, completed.
    const waiting = await until(
      'the events of the idle one',
      () => broker.waiting('events.idle'),
      (count) => count === 3,
    );
    const recovered = await cli('recover', 'idle', '--since', '1h', '--reason', 'a test');
    assert.match(recovered.stdout, /idle gets everything behind position \d+ again/, recovered.stderr);
    await until(
      'everything again',
      () => broker.waiting('events.idle'),
      (count) => count === 2 * (waiting ?? 0),
    );
    assert.equal((await cli('recover', 'idle', '--reason', 'a test')).code, 2);
    assert.equal((await cli('recover', 'nobody', '--since', '1h', '--reason', 'a test')).code, 3);
  });
});
