import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressRules } from './address-rules.ts';
import type { HostResolver } from './host-resolver.ts';
import { openSubscriberClient } from './subscriber-client.ts';

const serving = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** A name that stands for these addresses, one set after the other; the last one stays. */
const standingFor = (...sets: readonly (readonly string[])[]): HostResolver & { readonly asked: () => number } => {
  let asked = 0;
  const resolve = () => Promise.resolve(sets[Math.min(asked++, sets.length - 1)]!);
  return Object.assign(resolve, { asked: () => asked });
};
const post = { method: 'POST', body: '{}', timeoutMs: 2_000 } as const;
/** For a test in which nothing public is there to be called: this one machine stands for the public. */
const PUBLIC = ['127.0.0.1/32'];

describe('subscriber client', () => {
  it('calls the address that was checked, and names the host it was asked for', async () => {
    const hosts: (string | undefined)[] = [];
    await using server = await serving((request, response) => (hosts.push(request.headers.host), void response.end()));
    await using client = openSubscriberClient(addressRules(PUBLIC), {}, standingFor(['127.0.0.1']));
    const outcome = await client.request({ ...post, url: `http://shop.example:${server.port}/` });
    assert.equal(outcome.kind, 'answer');
    assert.deepEqual(hosts, [`shop.example:${server.port}`]);
  });

  it('calls no name of whose addresses one is closed', async () => {
    let calls = 0;
    await using server = await serving((_request, response) => ((calls += 1), void response.end()));
    await using client = openSubscriberClient(addressRules(PUBLIC), {}, standingFor(['127.0.0.1', '10.0.0.1']));
    const outcome = await client.request({ ...post, url: `http://shop.example:${server.port}/` });
    assert.deepEqual([outcome.kind, outcome.kind === 'failure' && outcome.reason], ['failure', 'forbidden']);
    assert.match(outcome.kind === 'failure' ? outcome.detail : '', /shop\.example stands for an address that is not public/);
    assert.equal(calls, 0);
  });

  it('tells nobody which address a closed name stands for', async () => {
    await using client = openSubscriberClient(addressRules(PUBLIC), {}, standingFor(['10.1.2.3']));
    const outcome = await client.request({ ...post, url: 'http://database.internal/' });
    const told = [await client.examine('database.internal'), outcome.kind === 'failure' && outcome.detail];
    for (const text of told) assert.match(String(text), /database\.internal stands for an address that is not public$/);
  });

  it('looks up a name anew for a new connection: one that was open when it was registered may be closed now', async () => {
    let calls = 0;
    await using server = await serving((_request, response) => {
      calls += 1;
      response.writeHead(204, { connection: 'close' }).end();
    });
    const resolve = standingFor(['127.0.0.1'], ['127.0.0.1'], ['169.254.169.254']);
    await using client = openSubscriberClient(addressRules(PUBLIC), {}, resolve);
    const url = `http://rebinding.example:${server.port}/`;
    assert.equal(await client.examine('rebinding.example'), undefined);
    assert.equal((await client.request({ ...post, url })).kind, 'answer');
    const rebound = await client.request({ ...post, url });
    assert.deepEqual([rebound.kind, rebound.kind === 'failure' && rebound.reason], ['failure', 'forbidden']);
    assert.deepEqual([calls, resolve.asked()], [1, 3]);
  });

  for (const host of [
    '127.0.0.1',
    '[::1]',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '１２７.０.０.１',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
  ])
    it(`calls no closed address written as ${host}`, async () => {
      let calls = 0;
      await using server = await serving((_request, response) => ((calls += 1), void response.end()));
      await using client = openSubscriberClient(addressRules([]));
      const outcome = await client.request({ ...post, url: `http://${host}:${server.port}/` });
      assert.deepEqual([outcome.kind, outcome.kind === 'failure' && outcome.reason], ['failure', 'forbidden']);
      assert.notEqual(await client.examine(new URL(`http://${host}/`).hostname), undefined);
      assert.equal(calls, 0);
    });

  it('goes nowhere a redirect points', async () => {
    let inside = 0;
    await using hidden = await serving((_request, response) => ((inside += 1), void response.end('secret')));
    await using server = await serving(
      (_request, response) => void response.writeHead(307, { location: `http://127.0.0.1:${hidden.port}/` }).end(),
    );
    await using client = openSubscriberClient(addressRules(PUBLIC));
    const outcome = await client.request({ ...post, url: `http://127.0.0.1:${server.port}/` });
    assert.deepEqual([outcome.kind, outcome.kind === 'answer' && outcome.status, inside], ['answer', 307, 0]);
  });

  it('cuts an answer without end where it was told to, and keeps its status', async () => {
    await using server = await serving((request, response) => {
      response.writeHead(200);
      const more = () => void (response.writable && response.write('x'.repeat(16_384), more));
      more();
      request.on('close', () => response.destroy());
    });
    await using client = openSubscriberClient(addressRules(PUBLIC));
    const outcome = await client.request({
      ...post,
      url: `http://127.0.0.1:${server.port}/`,
      maxResponseBytes: 1_000,
      onLongResponse: 'cut',
    });
    assert.equal(outcome.kind, 'answer');
    assert.deepEqual(outcome.kind === 'answer' && [outcome.status, outcome.bodyText.length], [200, 1_000]);
  });

  it('says of a name that it stands for a closed address, or for none', async () => {
    await using closed = openSubscriberClient(addressRules([]), {}, standingFor(['8.8.8.8', '192.168.0.1']));
    assert.match((await closed.examine('shop.example')) ?? '', /stands for an address that is not public$/);
    const nothing = () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
    await using absent = openSubscriberClient(addressRules([]), {}, nothing);
    assert.match((await absent.examine('shop.example')) ?? '', /cannot be resolved \(ENOTFOUND\)/);
    await using open = openSubscriberClient(addressRules([]), {}, standingFor(['8.8.8.8']));
    assert.equal(await open.examine('shop.example'), undefined);
  });
});
