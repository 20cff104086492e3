import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { Drill } from './drill.ts';
import { gatherEvidence } from './evidence.ts';
import { brokenPromises } from './invariants.ts';

const SENDERS = 8;
const LAUNCHER = fileURLToPath(new URL('../../hub/bin/sagahub.mjs', import.meta.url));

/** Why a call got no answer, as undici names it. */
const codeOf = (error: unknown): string | undefined => (error as { cause?: { code?: string } }).cause?.code;

describe('a hub that is told to stop', () => {
  it('under load answers all it has taken, ends with 0, and has everything that it accepted when it is back', async () => {
    await using hub = await HubProcess.start({ erp: { latencyMs: 20, jitterMs: 100 } });
    const drill = new Drill(hub);
    const { witness } = drill;
    const troubles: string[] = [];
    let refused = 0;
    const { url } = hub;
    const headers = { authorization: `Bearer ${await drill.demo.token()}`, 'content-type': 'application/json' };
    const sender = async (name: number): Promise<void> => {
      for (let n = 1; ; n++) {
        const orderNumber = `PO-${name}-${n}`;
        try {
          const response = await fetch(`${url}/api/v1/orders`, { method: 'POST', headers, body: JSON.stringify(anOrder(orderNumber)) });
          const body = (await response.json()) as { orderId: string };
          if (response.status !== 202) return void troubles.push(`${orderNumber} was answered ${response.status}: ${JSON.stringify(body)}`);
          witness.accept({ orderId: body.orderId, orderNumber, submission: 1 }, '');
        } catch (error) {
          // A new connection that nobody takes any more: the sender knows that nothing was accepted.
          if (codeOf(error) === 'ECONNREFUSED') refused++;
          else troubles.push(`${orderNumber} got no answer: ${codeOf(error)} ${String(error)}`);
          return;
        }
      }
    };
    const senders = Promise.all(Array.from({ length: SENDERS }, (_, name) => sender(name)));
    await until(
      'load',
      async () => witness.accepted.size,
      (count) => count >= 100,
    );
    const code = await hub.stop();
    await senders;
    assert.deepEqual(troubles, []);
    assert.equal(refused, SENDERS);
    assert.equal(code, 0, hub.output);

    await hub.startAgain();
    const evidence = await gatherEvidence(drill, witness);
    assert.deepEqual(brokenPromises(evidence), []);
    assert.equal(evidence.stats.completed, witness.accepted.size);

    // Nobody else may use the folder meanwhile.
    const second = spawn(process.execPath, [LAUNCHER, 'start', '--json'], {
      env: { ...process.env, ...hub.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [second.stdout, second.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [exitCode] = (await once(second, 'close')) as [number];
    assert.notEqual(exitCode, 0);
    assert.match(said, /is in use by process \d+ .* a hub runs on it already/);
    assert.ok(!/\n\s+at /.test(said), `a sentence, not a stack trace:\n${said}`);
    assert.equal((await drill.demo.get('/api/v1/orders?limit=1')).status, 200, 'the first one goes on');
  });
});
