import assert from 'node:assert/strict';
import { rawConnection } from './testing/raw-connection.ts';
import { routeOf, serve } from './testing/served.ts';

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('HTTP server: streams', () => {
  it('writes a stream as it comes, headers before the first piece', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    async function* body() {
      await released;
      yield 'one\n';
      yield 'two\n';
    }
    await using server = await serve([
      routeOf('GET', '/', async () => ({ status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: body() })),
    ]);
    const response = await fetch(server.url);
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    release();
    assert.equal(await response.text(), 'one\ntwo\n');
  });

  it('asks the source for no more than a slow client takes', async () => {
    let produced = 0;
    async function* endless() {
      for (;;) {
        produced++;
        yield 'x'.repeat(64 * 1024);
      }
    }
    await using server = await serve([routeOf('GET', '/', async () => ({ status: 200, body: endless() }))]);
    await using connection = await rawConnection(server.port);
    connection.socket.pause();
    connection.send(get('/'));
    // Until the buffers on the way are full: then the count stands still for good.
    for (let before = -1; before !== produced || before === 0; ) {
      before = produced;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(produced < 1_000, `${produced} pieces were produced for a client that read none`);
  });

  it('aborts the signal and closes the source when the client leaves', async () => {
    let aborted = () => {};
    const abortion = new Promise<void>((resolve) => (aborted = resolve));
    let closed = () => {};
    const closing = new Promise<void>((resolve) => (closed = resolve));
    await using server = await serve([
      routeOf('GET', '/', async ({ signal }) => {
        signal.addEventListener('abort', aborted);
        async function* body() {
          try {
            yield 'first';
            await abortion;
          } finally {
            closed();
          }
        }
        return { status: 200, body: body() };
      }),
    ]);
    const connection = await rawConnection(server.port);
    connection.send(get('/'));
    await connection.until((text) => text.includes('first'));
    await connection[Symbol.asyncDispose]();
    await Promise.all([abortion, closing]);
  });

  it('leaves the signal alone of a request that was simply answered', async () => {
    let seen: AbortSignal | undefined;
    await using server = await serve([
      routeOf('GET', '/', async ({ signal }) => {
        seen = signal;
        return { status: 204 };
      }),
    ]);
    await using connection = await rawConnection(server.port);
    connection.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await connection.closed;
    assert.equal(seen?.aborted, false);
  });

  it('lets go of a source that never looks at its signal once the client has left', async () => {
    const served: string[] = [];
    await using server = await serve([
      routeOf('GET', '/', async () => {
        async function* body() {
          yield 'first';
          await new Promise(() => {});
        }
        return { status: 200, body: body() };
      }),
    ]);
    const connection = await rawConnection(server.port);
    connection.send(get('/'));
    served.push(await connection.until((text) => text.includes('first')));
    await connection[Symbol.asyncDispose]();
    assert.equal(await server.drain({ timeoutMs: 5_000 }), true);
  });

  it('cuts the connection when a source fails midway, so that nobody takes a part for the whole', async () => {
    await using server = await serve([
      routeOf('GET', '/', async () => {
        async function* body() {
          yield 'first';
          await Promise.resolve();
          throw new Error('the source broke');
        }
        return { status: 200, body: body() };
      }),
    ]);
    const response = await fetch(server.url);
    await assert.rejects(response.text());
    assert.match(String(server.telemetry.errors[0]?.error), /the source broke/);
  });

  it('does not run the source for HEAD', async () => {
    let ran = false;
    async function* body() {
      ran = true;
      yield 'x';
    }
    await using server = await serve([routeOf('GET', '/', async () => ({ status: 200, body: body() }))]);
    assert.equal((await fetch(server.url, { method: 'HEAD' })).status, 200);
    assert.equal(ran, false);
  });
});
