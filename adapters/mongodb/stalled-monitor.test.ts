import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { MongoClient } from 'mongodb';
import { availability, startMongoDb } from '../../tests/servers/mongodb.ts';
import { systemClock } from '../process/clock.ts';
import { watchMonitors } from './stalled-monitor.ts';

/** What is used here of the driver's inside. */
interface Inside {
  readonly topology: {
    readonly s: { readonly servers: Map<string, { readonly monitor: { readonly connection: { readonly socket: Socket } } }> };
  };
}

/** Closes its monitor's socket just before that is written to: nobody is told of it before the next turn of the event loop. */
const stallMonitor = async (client: MongoClient): Promise<void> => {
  await new Promise<void>((resolve) =>
    client.once('serverHeartbeatStarted', () => {
      const { servers } = (client as unknown as Inside).topology.s;
      for (const { monitor } of servers.values()) monitor.connection.socket.destroy();
      resolve();
    }),
  );
};

describe('a monitor of MongoDB', () => {
  before(function () {
    const missing = availability();
    if (missing) skip(this, missing);
  });

  it('that waits for ever for a socket that was closed is replaced: the server is found again', async () => {
    await using server = await startMongoDb();
    const warnings: string[] = [];
    const logger = { ...silentTelemetry.logger, warn: (message: string) => void warnings.push(message) };
    await using opened = new AsyncDisposableStack();
    const client = new MongoClient(server.url, { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500, heartbeatFrequencyMS: 500 });
    opened.defer(() => client.close());
    opened.use(watchMonitors(client, { clock: systemClock(), logger, stalledAfterMs: 2_000 }));
    await client.connect();
    const answers = () =>
      client
        .db('hub')
        .command({ ping: 1 })
        .then(
          () => true,
          () => false,
        );
    assert.ok(await answers());
    await stallMonitor(client);
    await server.restart();
    await eventually('it is found again', answers, 20_000);
    assert.deepEqual(warnings, ['the connection to MongoDB is made anew: its monitor has stalled']);
  });
});
