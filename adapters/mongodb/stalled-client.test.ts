import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { MongoClient } from 'mongodb';
import { availability, type MongoDbServer, startMongoDb } from '../../tests/servers/mongodb.ts';
import { systemClock } from '../process/clock.ts';
import { reviveStalled } from './stalled-client.ts';

interface Connection {
  readonly socket: Socket;
}
/** What is used here of the driver's inside. */
interface Inside {
  readonly topology: {
    readonly s: {
      readonly servers: Map<
        string,
        { readonly monitor: { readonly connection: Connection }; readonly pool: { readonly checkedOut: Set<Connection> } }
      >;
    };
  };
}
const serversOf = (client: MongoClient) => [...(client as unknown as Inside).topology.s.servers.values()];

/** Closes its monitor's socket just before that is written to: nobody is told of it before the next turn of the event loop. */
const stallMonitor = (client: MongoClient): Promise<void> =>
  new Promise((resolve) =>
    client.once('serverHeartbeatStarted', () => {
      for (const { monitor } of serversOf(client)) monitor.connection.socket.destroy();
      resolve();
    }),
  );

/** The same with the connections of so many calls. */
const stallCalls = (client: MongoClient, count: number): void => {
  client.on('connectionCheckedOut', () => {
    if (count > 0) for (const { pool } of serversOf(client)) for (const { socket } of pool.checkedOut) socket.destroy();
    count -= 1;
  });
};

describe('a client of MongoDB whose driver waits for ever for a socket that was closed', () => {
  let server: MongoDbServer;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startMongoDb();
  });
  after(() => server?.[Symbol.asyncDispose]());

  const open = async () => {
    await using opened = new AsyncDisposableStack();
    const reasons: unknown[] = [];
    const logger = { ...silentTelemetry.logger, warn: (_message: string, fields?: object) => void reasons.push(fields) };
    const limits = { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500, heartbeatFrequencyMS: 500, waitQueueTimeoutMS: 500 };
    const client = new MongoClient(server.url, { ...limits, maxPoolSize: 2 });
    opened.defer(() => client.close());
    opened.use(reviveStalled(client, { clock: systemClock(), logger, stalledAfterMs: 2_000 }));
    await client.connect();
    const ping = () => client.db('hub').command({ ping: 1 });
    const answers = () =>
      ping().then(
        () => true,
        () => false,
      );
    assert.ok(await answers());
    const owned = opened.move();
    return { client, reasons, ping, answers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  };

  it('finds the server again, when it is the monitor that waits', async () => {
    await using scene = await open();
    await stallMonitor(scene.client);
    await server.restart();
    await eventually('it is found again', scene.answers, 20_000);
    assert.deepEqual(scene.reasons, [{ why: `its monitor of 127.0.0.1:${server.port} has stalled` }]);
  });

  it('has connections again, when all of them wait', async () => {
    await using scene = await open();
    stallCalls(scene.client, 2);
    for (const call of [scene.ping(), scene.ping()]) call.catch(() => undefined);
    await eventually('it answers again', scene.answers, 20_000);
    assert.deepEqual(scene.reasons, [{ why: 'none of its connections is given back' }]);
  });
});
