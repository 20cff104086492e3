import { randomId } from '@sagahub/contracts/ids.ts';
import type { CollectionSpec, DocumentPut } from '@sagahub/contracts/ports/document-store.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import type { Db } from 'mongodb';
import { availability, type MongoDbServer, startMongoDb } from '../../../tests/servers/mongodb.ts';
import { systemClock } from '../../process/clock.ts';
import { type MongoDocumentStoreOptions, openMongoDocumentStore } from '../document-store.ts';
import { pastTheStore } from './past-the-store.ts';

const COLLECTIONS: readonly CollectionSpec[] = [{ name: 'orders', indexes: [['status']] }];
export const put = (id: string, revision: number, status = `at ${revision}`): DocumentPut => ({
  collection: 'orders',
  id,
  revision,
  body: { status },
});

export interface MongoScene {
  readonly server: MongoDbServer;
  /** Of this test's own database. */
  readonly url: string;
  /** A store with orders by status, each as if in a process of its own. */
  readonly open: (options?: Partial<MongoDocumentStoreOptions>) => ReturnType<typeof openMongoDocumentStore>;
  readonly directly: <T>(act: (db: Db) => Promise<T>) => Promise<T>;
}

/** For the suite that calls it: one server, and a database for each test. Skips the suite where there is no server. */
export const mongoScene = (): MongoScene => {
  let server: MongoDbServer;
  let url: string;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startMongoDb();
  });
  after(() => server?.[Symbol.asyncDispose]());
  beforeEach(() => {
    url = server.database(randomId());
  });
  return {
    get server() {
      return server;
    },
    get url() {
      return url;
    },
    open: (options = {}) =>
      openMongoDocumentStore({
        url,
        collections: COLLECTIONS,
        clock: systemClock(),
        logger: silentTelemetry.logger,
        liveForMs: 0,
        ...options,
      }),
    directly: (act) => pastTheStore(url, act),
  };
};
