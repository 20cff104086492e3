import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { type Db, MongoClient, ReadPreference } from 'mongodb';
import { reviveStalled } from './stalled-client.ts';

const DEFAULT_DATABASE = 'sagahub';

const CONNECT_TIMEOUT_MS = 3_000;
const HEARTBEAT_EVERY_MS = 3_000;
/** A monitor connects and says hello, each within the limit for connecting; or it waits for news as long as between heartbeats, and that limit. */
const MONITOR_STALLED_AFTER_MS = CONNECT_TIMEOUT_MS + Math.max(CONNECT_TIMEOUT_MS, HEARTBEAT_EVERY_MS) + 1_000;

export interface MongoConnection extends AsyncDisposable {
  /** The one that the URL names. Writes are on the disks of a majority when they resolve. */
  readonly db: Db;
}

/** @throws MongoError nobody is there, or not for this user */
export const connectMongoDb = async (url: string, { clock, logger }: { clock: Clock; logger: Logger }): Promise<MongoConnection> => {
  const client = new MongoClient(url, {
    appName: 'sagahub',
    retryWrites: false, // every write here may be repeated by its caller, and knows whether it happened
    writeConcern: { w: 'majority', journal: true },
    readPreference: ReadPreference.primary, // whatever the URL says: a secondary that is behind shows checkpoints and documents of other moments
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    serverSelectionTimeoutMS: 3_000,
    socketTimeoutMS: 15_000, // a connection that has died silently
    heartbeatFrequencyMS: HEARTBEAT_EVERY_MS,
    maxPoolSize: 20,
    waitQueueTimeoutMS: 10_000, // for one of them
  });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => client.close().catch(() => undefined));
  opened.use(reviveStalled(client, { clock, logger, stalledAfterMs: MONITOR_STALLED_AFTER_MS }));
  await client.connect();
  const { dbName } = client.options;
  const connection = opened.move();
  return {
    db: client.db(dbName === 'test' ? DEFAULT_DATABASE : dbName),
    [Symbol.asyncDispose]: () => connection.disposeAsync(),
  };
};
