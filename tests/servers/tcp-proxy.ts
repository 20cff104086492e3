import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stands between clients and a server, and breaks their connections in the ways a network does. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were made through it. */
  readonly connections: number;
  /** Resets every connection; new ones work. */
  cut(): void;
  /** Resets every connection, and new ones as soon as they are made: nobody is there. */
  refuse(): void;
  /** Every connection is gone for the server, and no client is told: half open, as after a crash or behind a firewall that forgot. New ones work. */
  halfOpen(): void;
  /** From now on bytes go nowhere, in old connections and new ones, and nobody is told: a black hole. */
  silence(): void;
  /** What clients send arrives, and what the server answers does not. */
  loseAnswers(): void;
  /** Holds up what goes either way. @param jitterMs up to so much more, by chance */
  delay(latencyMs: number, jitterMs?: number): void;
  /** New connections work again, and slow ones are fast; connections from which bytes were lost stay dead. */
  heal(): void;
}

type Mode = 'open' | 'refusing' | 'silent' | 'deaf';

/** A connection and where it leads. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes were lost: whatever came later would make no sense. */
  toServer: 'flows' | 'lost';
  toClient: 'flows' | 'lost';
}

export const startTcpProxy = async (serverPort: number): Promise<TcpProxy> => {
  const pairs = new Set<Pair>();
  let mode: Mode = 'open';
  let latency = { ms: 0, jitterMs: 0 };
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1;
    client.on('error', () => undefined);
    if (mode === 'refusing') return void client.resetAndDestroy();
    const upstream = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
    upstream.on('error', () => reset(client));
    const pair: Pair = { client, server: upstream, toServer: 'flows', toClient: 'flows' };
    lose(pair);
    pairs.add(pair);
    pump(client, upstream, () => pair.toServer === 'flows');
    pump(upstream, client, () => pair.toClient === 'flows');
    const over = (): void => {
      if (client.destroyed && upstream.destroyed) pairs.delete(pair);
    };
    client.on('close', over);
    upstream.on('close', over);
  });
  const lose = (pair: Pair): void => {
    if (mode === 'silent') pair.toServer = 'lost';
    if (mode === 'silent' || mode === 'deaf') pair.toClient = 'lost';
  };
  const enter = (next: Mode): void => {
    mode = next;
    pairs.forEach(lose);
  };
  const pump = (from: Socket, to: Socket, flows: () => boolean): void => {
    // One after the other, so that a delay keeps the order; and no more than one is held.
    let chain = Promise.resolve();
    const then = (act: () => unknown): void => {
      chain = chain.then(async () => {
        if (latency.ms > 0) await sleep(latency.ms + Math.random() * latency.jitterMs);
        if (flows() && !to.destroyed) await act();
      });
    };
    from.on('data', (bytes) => {
      from.pause();
      then(() => to.write(bytes) || drained(to));
      chain = chain.then(() => void from.resume());
    });
    from.on('end', () => then(() => to.end()));
    from.on('close', (broke) => then(() => (broke ? reset(to) : to.destroy())));
  };
  const resetAll = (): void => {
    for (const { client, server: upstream } of pairs) [client, upstream].forEach(reset);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return connections;
    },
    cut: resetAll,
    refuse: () => (enter('refusing'), resetAll()),
    halfOpen: () => {
      for (const pair of pairs) {
        pair.toServer = pair.toClient = 'lost';
        reset(pair.server);
      }
    },
    silence: () => enter('silent'),
    loseAnswers: () => enter('deaf'),
    delay: (ms, jitterMs = 0) => void (latency = { ms, jitterMs }),
    heal: () => {
      latency = { ms: 0, jitterMs: 0 };
      enter('open');
    },
    [Symbol.asyncDispose]: async () => {
      resetAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** Node refuses to reset a connection whose end was sent. */
const reset = (socket: Socket): void => {
  if (socket.destroyed) return;
  if (socket.writableEnded || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
};

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
