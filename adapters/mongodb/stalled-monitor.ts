import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import type { MongoClient } from 'mongodb';

const TICK_MS = 1_000;
/** Between two tries to connect anew. */
const PAUSE_MS = 500;

export interface StalledMonitorOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longer than any look of a monitor takes that works, be it one by which it learns that the server is gone. */
  readonly stalledAfterMs: number;
}

/**
 * Connects a client anew when its monitor of a server has stalled. The driver (7.9) writes to a socket and, if that is full, waits until it drains:
 * for ever, if the socket was closed in the same turn of the event loop and nobody has been told yet (`Connection.writeCommand`). A monitor to
 * which that happened never looks again, and the client, once told that the server is gone, does not find it any more.
 * Call before the client connects, and dispose before it is closed.
 */
export const watchMonitors = (client: MongoClient, { clock, logger, stalledAfterMs }: StalledMonitorOptions): AsyncDisposable => {
  /** Looks that have begun, by server: for how many ticks. Ticks, as a process that was frozen heard nothing meanwhile. */
  const looks = new Map<string, number>();
  const stop = new AbortController();
  let connecting: Promise<void> | undefined;

  const over = ({ connectionId }: { readonly connectionId: string }): void => void looks.delete(connectionId);
  client.on('serverHeartbeatStarted', ({ connectionId }) => void looks.set(connectionId, 0));
  client.on('serverHeartbeatSucceeded', over);
  client.on('serverHeartbeatFailed', over);
  client.on('serverClosed', ({ address }) => void looks.delete(address));

  const connectAnew = async (server: string): Promise<void> => {
    logger.warn('the connection to MongoDB is made anew: its monitor has stalled', { server, afterMs: stalledAfterMs });
    await client.close().catch(() => undefined); // what it closes is of no use any more
    looks.clear();
    while (!stop.signal.aborted) {
      const connected = await client.connect().catch(() => undefined);
      if (connected) return;
      await clock.sleep(PAUSE_MS, stop.signal);
    }
  };
  const timer = setInterval(() => {
    for (const [server, ticks] of looks) {
      looks.set(server, ticks + 1);
      if (ticks * TICK_MS >= stalledAfterMs) connecting ??= connectAnew(server).finally(() => (connecting = undefined));
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
