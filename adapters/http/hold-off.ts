import type { Socket } from 'node:net';

/** A connection is not read for longer than this, whatever `Retry-After` says: reads of the same client may share it. */
const LONGEST_MS = 1_000;
/** Of the golden ratio: each multiple of it, modulo 1, falls into one of the largest gaps that those before it left (Weyl's sequence). */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

let turn = 0;

/**
 * Stops reading a connection for a while, so that what its client sends next waits in the client and takes no time here. The answer that is
 * under way is sent. An end of the connection is noticed afterwards.
 */
export const holdOff = (socket: Socket, ms: number): void => {
  const heldMs = Math.min(ms, spread(LONGEST_MS, turn++));
  // Once the server has asked for the next request, as it does when an answer is finished.
  setImmediate(() => {
    if (socket.destroyed) return;
    socket.pause();
    setTimeout(() => socket.resume(), heldMs).unref();
  });
};

/** From half of the time to all of it, evenly: hundreds that were held off together must not come back together. */
export const spread = (ms: number, nth: number): number => ms * (1 - ((nth * GOLDEN) % 1) / 2);
