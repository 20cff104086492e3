import assert from 'node:assert/strict';
import { rawConnection } from './testing/raw-connection.ts';
import { routeOf, serve } from './testing/served.ts';

const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
};
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('HTTP server: draining', () => {
  it('finishes what is in flight, says Connection: close, and takes nothing new', async () => {
    const entered = gate();
    const leave = gate();
    await using server = await serve([
      routeOf('GET', '/slow', async () => {
        entered.open();
        await leave.opened;
        return { status: 200, body: 'done' };
      }),
    ]);
    await using connection = await rawConnection(server.port);
    connection.send(get('/slow'));
    await entered.opened;
    const drained = server.drain();
    await assert.rejects(fetch(`${server.url}/slow`));
    leave.open();
    assert.match(await connection.closed, /^HTTP\/1.1 200 [\s\S]*done$/);
    assert.equal(await drained, true);
  });

  it('answers what is sent on a connection that was idle when draining began, and then closes it', async () => {
    await using server = await serve([routeOf('GET', '/', async () => ({ status: 200, body: 'x' }))]);
    await using connection = await rawConnection(server.port);
    connection.send(get('/'));
    await connection.until((text) => text.endsWith('x'));
    const drained = server.drain({ timeoutMs: 5_000 });
    connection.send(get('/'));
    const received = await connection.closed;
    assert.deepEqual(
      [...received.matchAll(/(HTTP\/1.1 200|connection: close)/gim)].map(([line]) => line.toLowerCase()),
      ['http/1.1 200', 'http/1.1 200', 'connection: close'],
    );
    assert.equal(await drained, true);
  });

  it('closes connections that are idle, or on which nothing was ever sent', async () => {
    await using server = await serve([routeOf('GET', '/', async () => ({ status: 200, body: 'x' }))]);
    await using idle = await rawConnection(server.port);
    idle.send(get('/'));
    await idle.until((text) => text.endsWith('x'));
    await using silent = await rawConnection(server.port);
    assert.equal(await server.drain({ timeoutMs: 5_000 }), true);
    await Promise.all([idle.closed, silent.closed]);
  });

  it('tells streams and waits to end, and lets them say goodbye', async () => {
    await using server = await serve([
      routeOf('GET', '/events', async ({ signal }) => {
        async function* body() {
          yield 'hello\n';
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          yield 'retry: 2000\n';
        }
        return { status: 200, body: body() };
      }),
    ]);
    await using connection = await rawConnection(server.port);
    connection.send(get('/events'));
    await connection.until((text) => text.includes('hello'));
    assert.equal(await server.drain({ timeoutMs: 5_000 }), true);
    assert.match(await connection.closed, /retry: 2000/);
  });

  it('cuts off what does not end in time, and says so', async () => {
    const entered = gate();
    await using server = await serve([
      routeOf('GET', '/', () => {
        entered.open();
        return new Promise(() => {});
      }),
    ]);
    await using connection = await rawConnection(server.port);
    connection.send(get('/'));
    await entered.opened;
    assert.equal(await server.drain({ timeoutMs: 20 }), false);
    await connection.closed;
  });

  it('turns readiness first, and goes on serving for as long as load balancers need', async () => {
    const turned = gate();
    await using server = await serve([routeOf('GET', '/', async () => ({ status: 200 }))], { onDrain: turned.open });
    const drained = server.drain({ delayMs: 100 });
    await turned.opened;
    assert.equal((await fetch(server.url)).status, 200);
    assert.equal(await drained, true);
  });

  it('drains once however often it is asked', async () => {
    await using server = await serve([]);
    const first = server.drain();
    assert.equal(server.drain(), first);
    await first;
  });
});
