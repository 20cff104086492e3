import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and breaks the connection in the ways a network does. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were made through it. */
  readonly connections: number;
  /** Resets every connection. */
  cut(): void;
  /** From now on bytes go nowhere, in old connections and new ones, and nobody is told: a silently dead connection. */
  silence(): void;
  /** New connections work again; silenced ones stay dead. */
  heal(): void;
}

export const startTcpProxy = async (serverPort: number): Promise<TcpProxy> => {
  const open = new Set<Socket>();
  let silent = false;
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(serverPort, '127.0.0.1');
    const alive = !silent;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (bytes: Buffer) => {
        if (alive && !muted.has(from)) to.write(bytes);
      });
      from.on('close', () => (open.delete(from), to.destroy()));
      from.on('error', () => to.destroy());
    }
  });
  const muted = new WeakSet<Socket>();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return connections;
    },
    cut,
    silence: () => {
      silent = true;
      for (const socket of open) muted.add(socket);
    },
    heal: () => void (silent = false),
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
