import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { until } from '@sagahub/hub/harness/until.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Answers whatever it is sent, and remembers it. */
const startEcho = async () => {
  const sockets = new Set<Socket>();
  let heard = '';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    sockets,
    heard: () => heard,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

/** A client that keeps what it reads. */
const dial = async ({ port }: TcpProxy) => {
  const socket = connect(port, '127.0.0.1');
  let read = '';
  let broke = false;
  socket.on('data', (bytes) => (read += bytes.toString())).on('error', () => (broke = true));
  await once(socket, 'connect');
  return {
    say: (text: string) => socket.write(text),
    reads: (text: string) =>
      until(
        `reading ${text}`,
        async () => read,
        (sofar) => sofar.endsWith(text),
      ),
    read: () => read,
    isReset: () =>
      until(
        'the reset',
        async () => broke,
        (is) => is,
      ),
    isOpen: () => !broke && !socket.closed,
    [Symbol.dispose]: () => void socket.destroy(),
  };
};

const setUp = async () => {
  const stack = new AsyncDisposableStack();
  const echo = stack.use(await startEcho());
  const proxy = stack.use(await startTcpProxy(echo.port));
  const client = stack.use(await dial(proxy));
  client.say('one');
  await client.reads('one');
  return { echo, proxy, client, dial: async () => stack.use(await dial(proxy)), [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

describe('TCP proxy', () => {
  it('passes on what either side says, in order and however slow the other side reads', async () => {
    await using scene = await setUp();
    const long = 'x'.repeat(3_000_000);
    scene.client.say(`${long}end`);
    await scene.client.reads(`${long}end`);
    assert.equal(scene.proxy.connections, 1);
  });

  it('cuts connections, and takes new ones', async () => {
    await using scene = await setUp();
    scene.proxy.cut();
    await scene.client.isReset();
    const next = await scene.dial();
    next.say('two');
    await next.reads('two');
  });

  it('refuses until it is healed', async () => {
    await using scene = await setUp();
    scene.proxy.refuse();
    await scene.client.isReset();
    // While it connects or right after.
    await scene.dial().then(
      (client) => client.isReset(),
      (error: NodeJS.ErrnoException) => assert.equal(error.code, 'ECONNRESET'),
    );
    scene.proxy.heal();
    const next = await scene.dial();
    next.say('two');
    await next.reads('two');
  });

  it('leaves a client with half a connection, while new ones work', async () => {
    await using scene = await setUp();
    scene.proxy.halfOpen();
    await until(
      'the server losing the connection',
      async () => scene.echo.sockets.size,
      (left) => left === 0,
    );
    scene.client.say('lost');
    const next = await scene.dial();
    next.say('two');
    await next.reads('two');
    assert.deepEqual([scene.client.isOpen(), scene.client.read(), scene.echo.heard()], [true, 'one', 'onetwo']);
  });

  it('swallows what either side says, and a connection that lost bytes stays dead when the next ones work', async () => {
    await using scene = await setUp();
    scene.proxy.silence();
    scene.client.say('lost');
    const meanwhile = await scene.dial();
    meanwhile.say('lost too');
    scene.proxy.heal();
    scene.client.say('late');
    const next = await scene.dial();
    next.say('two');
    await next.reads('two');
    assert.deepEqual([scene.client.isOpen(), scene.client.read(), meanwhile.read(), scene.echo.heard()], [true, 'one', '', 'onetwo']);
  });

  it('loses answers alone', async () => {
    await using scene = await setUp();
    scene.proxy.loseAnswers();
    scene.client.say('done');
    await until(
      'the server hearing it',
      async () => scene.echo.heard(),
      (heard) => heard === 'onedone',
    );
    scene.proxy.heal();
    const next = await scene.dial();
    next.say('two');
    await next.reads('two');
    assert.equal(scene.client.read(), 'one');
  });

  it('holds up what goes either way', async () => {
    await using scene = await setUp();
    scene.proxy.delay(60);
    const startedMs = performance.now();
    scene.client.say('two');
    await scene.client.reads('two');
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs >= 118, `it took ${tookMs} ms`);
    scene.proxy.heal();
    scene.client.say('three');
    await scene.client.reads('three');
  });
});
