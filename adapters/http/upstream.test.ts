import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type { UpstreamRequest } from '@sagahub/contracts/ports/upstream.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { ClientGoneError } from './body.ts';
import { openUpstream } from './upstream.ts';

const request = (changes: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'POST',
  url: '/',
  headers: {},
  body: '{}',
  repeatable: true,
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  ...changes,
});

const textOf = (body: unknown): string => (body instanceof Uint8Array ? Buffer.from(body).toString() : 'not whole');

describe('upstream', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close().closeAllConnections()));
  const start = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const gone = async (): Promise<string> => {
    const url = await start(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    return url;
  };

  it('finds the one replica that is there for every request, however many look for one at a time', async () => {
    const urls = [await gone(), await start((_request, response) => response.end('here'))];
    await using upstream = openUpstream({ name: 'orders', urls });
    const answers = await Promise.allSettled(Array.from({ length: 200 }, () => upstream.send(request())));
    assert.deepEqual(
      answers.filter(({ status }) => status === 'rejected'),
      [],
    );
  });

  it('asks another replica when one hangs, and gives it nothing more for a while', async () => {
    let taken = 0;
    const hanging = await start(() => void (taken += 1));
    await using upstream = openUpstream({ name: 'orders', urls: [hanging, await start((_in, out) => out.end('here'))], hangsAfterMs: 300 });
    const quick = request({ quick: true });
    assert.equal(textOf((await upstream.send(quick)).body), 'here');
    const startedMs = performance.now();
    for (let call = 1; call <= 10; call += 1) assert.equal(textOf((await upstream.send(quick)).body), 'here');
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 300, `ten calls took ${tookMs} ms`);
    assert.equal(taken, 1);
  });

  it('tries with one request at a time whether a replica answers again', async () => {
    let hangs = true;
    let taken = 0;
    const healing = await start((_in, out) => {
      taken += 1;
      if (!hangs) out.end('healed');
    });
    const HANGS_AFTER_MS = 200;
    const urls = [healing, await start((_in, out) => out.end('here'))];
    await using upstream = openUpstream({ name: 'orders', urls, hangsAfterMs: HANGS_AFTER_MS });
    const call = async () => textOf((await upstream.send(request({ quick: true }))).body);
    assert.equal(await call(), 'here');
    const many = () => Promise.all(Array.from({ length: 20 }, call));
    await eventually('it is tried again', async () => (await many(), taken > 1));
    assert.equal(taken, 2);
    hangs = false;
    await eventually('it answers again', async () => (await call()) === 'healed');
    assert.ok((await many()).includes('healed'));
  });

  it('asks for another connection when the only address hangs, as there may be a load balancer', async () => {
    const sockets = new Set<unknown>();
    const balanced = await start((incoming, out) => {
      sockets.add(incoming.socket);
      if (sockets.size > 1) out.end('another');
    });
    await using upstream = openUpstream({ name: 'orders', urls: [balanced], hangsAfterMs: 300 });
    assert.equal(textOf((await upstream.send(request({ quick: true }))).body), 'another');
  });

  it('takes no longer for all of its tries than was asked for', async () => {
    const hanging = await start(() => {});
    await using upstream = openUpstream({ name: 'orders', urls: [hanging, hanging] });
    const startedMs = performance.now();
    await assert.rejects(upstream.send(request({ timeoutMs: 1_000 })), UnavailableError);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 3_000, `it took ${tookMs} ms`);
  });

  it('asks the only replicas there are when all of them hang, and waits for what is not to be hurried or repeated', async () => {
    const slow = await start((_in, out) => void setTimeout(() => out.end('at last'), 1_500));
    await using upstream = openUpstream({ name: 'orders', urls: [slow, slow], hangsAfterMs: 300 });
    for (const changes of [{ quick: true }, { quick: false }, { quick: true, repeatable: false }])
      assert.equal(textOf((await upstream.send(request(changes))).body), 'at last');
  });

  it('sends what must not be repeated on a connection that the replica cannot be about to close', async () => {
    const used = new Set<unknown>();
    const url = await start((incoming, response) => {
      if (used.has(incoming.socket)) return void incoming.socket.destroy(); // it was closing this idle connection
      used.add(incoming.socket);
      response.end('done');
    });
    await using upstream = openUpstream({ name: 'orders', urls: [url] });
    for (let call = 1; call <= 3; call += 1) assert.equal((await upstream.send(request({ repeatable: false }))).status, 200);
  });

  it('says that the client has left when it has, which is no fault of the hub', async () => {
    const leaving = new AbortController();
    const url = await start(() => leaving.abort());
    await using upstream = openUpstream({ name: 'orders', urls: [url] });
    await assert.rejects(upstream.send(request({ signal: leaving.signal })), ClientGoneError);
  });

  it('keeps the path that its URL begins with', async () => {
    const url = await start((incoming, response) => response.end(incoming.url));
    await using upstream = openUpstream({ name: 'orders', urls: [`${url}/behind/`] });
    const { body } = await upstream.send(request({ url: '/orders?limit=1' }));
    assert.equal(textOf(body), '/behind/orders?limit=1');
  });

  it('hands an answer of known length over whole, without the headers of the hop', async () => {
    const url = await start((_incoming, response) => {
      response.writeHead(202, { 'content-length': 6, location: '/orders/1', 'set-cookie': ['a=1', 'b=2'] });
      response.write('one');
      setImmediate(() => response.end('two'));
    });
    await using upstream = openUpstream({ name: 'orders', urls: [url] });
    const { status, headers, body } = await upstream.send(request());
    assert.deepEqual(
      { status, headers, body: textOf(body) },
      { status: 202, headers: { location: '/orders/1', 'set-cookie': 'a=1, b=2' }, body: 'onetwo' },
    );
  });

  it('holds a replica back whose answer nobody reads, and lets go of it when nobody will', async () => {
    const piece = Buffer.alloc(256 * 1024, 'x');
    let sent = 0;
    const held = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const url = await start((_incoming, response) => {
      response.once('close', () => left.resolve());
      const write = (): void => {
        while (!response.destroyed && response.write(piece)) sent += 1;
        held.resolve();
        response.once('drain', write);
      };
      write();
    });
    await using upstream = openUpstream({ name: 'orders', urls: [url] });
    const { body } = await upstream.send(request());
    await held.promise;
    const stream = (body as AsyncIterable<string>)[Symbol.asyncIterator]();
    assert.match(String((await stream.next()).value), /^x+$/);
    await stream.return?.();
    await left.promise;
    assert.ok(sent < 400, `${sent} pieces of 256 KiB went into nowhere`);
  });

  it('breaks a stream off when the replica does, instead of passing it for whole', async () => {
    const url = await start((_incoming, response) => {
      response.write('half');
      setImmediate(() => response.destroy());
    });
    await using upstream = openUpstream({ name: 'orders', urls: [url] });
    const { body } = await upstream.send(request());
    await assert.rejects(async () => {
      for await (const _ of body as AsyncIterable<string>);
    });
  });
});
