import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy extends AsyncDisposable {
  /** The server's URL, through the proxy. */
  readonly url: string;
  /** Connections open now go silent: nothing passes any more, and nothing is closed. New ones are fine. */
  freeze(): void;
  /** Requests still reach the server, but the next answer never arrives: its connection breaks instead. */
  loseNextAnswer(): void;
}

/** Between a client and a server, for what networks do. */
export const startProxy = async (serverUrl: string): Promise<Proxy> => {
  const target = new URL(serverUrl);
  const open = new Set<{ client: Socket; upstream: Socket; frozen: boolean }>();
  let loseNext = false;
  const listener = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = { client, upstream, frozen: false };
    open.add(pair);
    const end = () => {
      open.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => pair.frozen || upstream.write(data));
    upstream.on('data', (data) => {
      if (pair.frozen) return;
      if (loseNext) {
        loseNext = false;
        end();
      } else client.write(data);
    });
    for (const socket of [client, upstream]) socket.on('error', end).on('close', () => pair.frozen || end());
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const url = new URL(serverUrl);
  url.port = String(typeof address === 'object' ? address?.port : 0);
  return {
    url: url.href,
    freeze() {
      for (const pair of open) pair.frozen = true;
    },
    loseNextAnswer() {
      loseNext = true;
    },
    async [Symbol.asyncDispose]() {
      for (const { client, upstream } of open) {
        client.destroy();
        upstream.destroy();
      }
      listener.close();
      await once(listener, 'close');
    },
  };
};
