import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubProcess } from '../harness/hub-process.ts';
import { anOrder } from '../harness/orders.ts';
import { until } from '../harness/until.ts';
import { EXIT } from './exit-codes.ts';
import { beside } from './testing/command-line.ts';

describe('sagahub webhooks', () => {
  let hub: HubProcess;
  const cli = beside(() => hub);
  let status = 204;
  const receiver = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status).end());
  });
  let url: string;
  before(async function () {
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`;
    hub = await HubProcess.start({ env: { HUB_WEBHOOK_RETRY_DELAYS: '10ms' } });
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    receiver.closeAllConnections();
    receiver.close();
  });

  it('goes through the life of a subscription', async () => {
    const added = await cli(['webhooks', 'add', url, '--types', 'order.completed', '--json']);
    assert.equal(added.code, EXIT.ok, added.stderr);
    const { subscriptionId: id, secret } = JSON.parse(added.stdout);
    assert.match(secret, /^whsec_/);
    assert.match((await cli(['webhooks', 'list'])).stdout, new RegExp(`${id} +demo +enabled +${url} +order.completed`));
    assert.match((await cli(['webhooks', 'list', '--partner', 'demo'])).stdout, new RegExp(id));
    assert.match((await cli(['webhooks', 'change', id, '--types', '*', '--ordered'])).stdout, /types +\*/);
    assert.match((await cli(['webhooks', 'rotate-secret', id, '--overlap', '60'])).stdout, /secret +whsec_[^]*former secret signs until/);
    assert.equal((await cli(['webhooks', 'disable', id, '--reason', 'moving'])).stdout.trim(), `${id} is disabled`);
    assert.match((await cli(['webhooks', 'show', id])).stdout, /disabled +\d{4}-[^\n]*moving/);
    assert.equal((await cli(['webhooks', 'test', id])).code, EXIT.refused);
    assert.equal((await cli(['webhooks', 'enable', id])).stdout.trim(), `${id} is enabled`);
    assert.equal((await cli(['webhooks', 'delete', id])).stdout.trim(), `${id} has ended`);
    assert.equal((await cli(['webhooks', 'show', id])).code, EXIT.notFound);
  });

  it('tells what came of a test, lists and shows messages, resends one, and recovers what was missed', async () => {
    const { subscriptionId: id } = JSON.parse((await cli(['webhooks', 'add', url, '--types', 'order.received', '--json'])).stdout);
    assert.match((await cli(['webhooks', 'test', id])).stdout, /^taken with 204 in \d+ ms$/m);
    status = 500;
    const refused = await cli(['webhooks', 'test', id]);
    assert.deepEqual([refused.code, refused.stdout.trim()], [EXIT.failed, 'not taken: the endpoint answered 500']);
    await hub.client('demo').post('/api/v1/orders', anOrder('CLI-HOOK-1'));
    const dead = await until(
      'the dead letter',
      () => cli(['webhooks', 'deliveries', id, '--status', 'dead-lettered', '--json']),
      ({ stdout }) => JSON.parse(stdout).length === 1,
    );
    const [{ messageId }] = JSON.parse(dead.stdout);
    assert.match((await cli(['webhooks', 'delivery', id, messageId])).stdout, /attempt +2 +dead-lettered +500[^]*"type":"order.received"/);
    status = 204;
    assert.equal((await cli(['webhooks', 'resend', id, messageId, '--reason', 'mended'])).stdout.trim(), `${messageId} is sent again`);
    assert.match((await cli(['webhooks', 'recover', id, '--since', '1h'])).stdout, /what was not delivered since/);
    await until(
      'the recovery',
      () => cli(['webhooks', 'show', id]),
      ({ stdout }) => /last recovery +since [^\n]*0 requested, 0 sent again/.test(stdout),
    );
  });
});
