import type { Socket } from 'node:net';

/** A connection is not read for longer than this, whatever `Retry-After` says: reads of the same client may share it. */
const LONGEST_MS = 1_000;

/**
 * Stops reading a connection for a while, so that what its client sends next waits in the client and takes no time here. The answer that is
 * under way is sent. An end of the connection is noticed afterwards.
 */
export const holdOff = (socket: Socket, ms: number): void => {
  // Once the server has asked for the next request, as it does when an answer is finished.
  setImmediate(() => {
    if (socket.destroyed) return;
    socket.pause();
    setTimeout(() => socket.resume(), Math.min(ms, LONGEST_MS)).unref();
  });
};
