import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import type { MongoClient } from 'mongodb';
import { inTime } from './in-time.ts';

const TICK_MS = 1_000;
/** Between two tries to connect anew. */
const PAUSE_MS = 500;
/** Of closing, and of connecting. */
const LIMIT_MS = 15_000;

export interface StalledOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longer than any look of a monitor takes that works, be it one by which it learns that the server is gone. */
  readonly stalledAfterMs: number;
}

/**
 * Connects a client anew when its monitor of a server has stalled, or all of its connections have. The driver (7.9, `Connection.writeCommand`) waits
 * until a socket drains: for ever, if the socket was closed in the same turn of the event loop and nobody has been told yet, or is closed while
 * it waits. A monitor to which that happened never looks again, and the client, once told that the server is gone, does not find it any more; a connection
 * to which it happened is never given back.
 * Call before the client connects, and dispose before it is closed.
 */
export const reviveStalled = (client: MongoClient, { clock, logger, stalledAfterMs }: StalledOptions): AsyncDisposable => {
  /** Looks that have begun, by server: for how many ticks. Ticks, as a process that was frozen heard nothing meanwhile. */
  const looks = new Map<string, number>();
  /** Since a connection was given back. */
  let ticksWithout = 0;
  const stop = new AbortController();
  let connecting: Promise<void> | undefined;

  const connectAnew = async (why: string): Promise<void> => {
    logger.warn('the connection to MongoDB is made anew', { why });
    while (!stop.signal.aborted)
      try {
        await inTime(LIMIT_MS, () => client.close());
        looks.clear();
        await inTime(LIMIT_MS, () => client.connect());
        return;
      } catch {
        await clock.sleep(PAUSE_MS, stop.signal);
      }
  };
  const revive = (why: string): void => {
    if (!stop.signal.aborted) connecting ??= connectAnew(why).finally(() => (connecting = undefined));
  };

  const over = ({ connectionId }: { readonly connectionId: string }): void => void looks.delete(connectionId);
  client.on('serverHeartbeatStarted', ({ connectionId }) => void looks.set(connectionId, 0));
  client.on('serverHeartbeatSucceeded', over);
  client.on('serverHeartbeatFailed', over);
  client.on('serverClosed', ({ address }) => void looks.delete(address));
  client.on('connectionCheckedIn', () => (ticksWithout = 0));
  client.on('connectionCheckOutFailed', ({ reason }) => {
    if (reason === 'timeout' && ticksWithout * TICK_MS >= stalledAfterMs) revive('none of its connections is given back');
  });
  const timer = setInterval(() => {
    ticksWithout += 1;
    for (const [server, ticks] of looks) {
      looks.set(server, ticks + 1);
      if (ticks * TICK_MS >= stalledAfterMs) revive(`its monitor of ${server} has stalled`);
    }
  }, TICK_MS);
  timer.unref();

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      clearInterval(timer);
      await connecting;
    },
  };
};
