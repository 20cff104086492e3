import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection that says exactly what a test wants, however wrong. */
export interface RawConnection extends AsyncDisposable {
  readonly socket: Socket;
  send(text: string | Uint8Array): void;
  /** What has arrived so far. */
  readonly received: () => string;
  /** Resolves when what has arrived satisfies the test; rejects when the connection closes before. */
  until(satisfied: (received: string) => boolean): Promise<string>;
  /** Everything that arrived until the other side closed. */
  readonly closed: Promise<string>;
}

export const rawConnection = async (port: number): Promise<RawConnection> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.setEncoding('utf8');
  let received = '';
  const watchers = new Set<() => void>();
  socket.on('data', (chunk: string) => {
    received += chunk;
    for (const watch of watchers) watch();
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  await once(socket, 'connect');
  return {
    socket,
    send: (text) => void socket.write(text),
    received: () => received,
    until: (satisfied) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (!satisfied(received)) return;
          watchers.delete(watch);
          resolve(received);
        };
        watchers.add(watch);
        void closed.then(() => reject(new Error(`the connection closed after: ${received.slice(0, 500)}`)));
        watch();
      }),
    closed,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await closed;
    },
  };
};
