import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { journeyHub, place } from './journey.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../docs/examples/webhook-receiver.mjs');

/** The documentation's receiver, as a reader would run it. */
const run = async (secret: string, port = '0') => {
  const child: ChildProcess = spawn(process.execPath, [EXAMPLE], {
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const seen = { output: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (seen.output += text));
  const line = await until(
    'the receiver listening',
    () => Promise.resolve(seen.output),
    (output) => output.includes('/\n'),
  );
  return {
    seen,
    url: line.split('\n')[0]!,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
};

describe('journey: the receiver of the documentation', () => {
  const journey = journeyHub({ env: { HUB_WEBHOOK_RETRY_DELAYS: '50ms,50ms,50ms,50ms,50ms,50ms,50ms' } });

  it('takes messages of the hub once, and nobody else’s', async () => {
    const demo = journey.hub.client('demo');
    // The secret exists only once the address does: it listens at a port first, and there again with the secret.
    let url: string;
    {
      await using first = await run('whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=');
      ({ url } = first);
    }
    const { body } = await demo.post('/api/v1/webhooks', { url, types: ['order.received'] });
    await using receiver = await run(body.secret, new URL(url).port);
    await place(demo, anOrder('EXAMPLE-1'));
    await until(
      'the message',
      () => Promise.resolve(receiver.seen.output),
      (output) => output.includes('order.received EXAMPLE-1'),
    );

    const listed = await until(
      'the delivery',
      () => demo.get(`/api/v1/webhooks/${body.subscriptionId}/deliveries?status=delivered`),
      (answer) => answer.body.items.length === 1,
    );
    const [{ messageId }] = listed.body.items;
    await demo.post(`/api/v1/webhooks/${body.subscriptionId}/deliveries/${messageId}/resend`);
    await until(
      'the second delivery',
      () => demo.get(`/api/v1/webhooks/${body.subscriptionId}/deliveries/${messageId}`),
      (answer) => answer.body.attempts === 2 && answer.body.status === 'delivered',
    );
    assert.equal(receiver.seen.output.match(/EXAMPLE-1/g)?.length, 1, receiver.seen.output);
    const forged = await fetch(url, {
      method: 'POST',
      headers: { 'webhook-id': 'x', 'webhook-timestamp': String(Math.floor(Date.now() / 1_000)), 'webhook-signature': 'v1,AAAA' },
      body: '{"type":"order.received","data":{"orderNumber":"FORGED"}}',
    });
    assert.equal(forged.status, 401);
    assert.ok(!receiver.seen.output.includes('FORGED'));
  });
});
