import { randomId } from '@sagahub/contracts/ids.ts';
import { documentStoreContract } from '@sagahub/contracts/ports/document-store.contract.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { availability, type MongoDbServer, startMongoDb } from '../../tests/servers/mongodb.ts';
import { systemClock } from '../process/clock.ts';
import { openMongoDocumentStore } from './document-store.ts';

describe('MongoDB', function () {
  this.timeout(60_000);
  let server: MongoDbServer;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startMongoDb();
  });
  after(() => server?.[Symbol.asyncDispose]());

  documentStoreContract('MongoDB', async () => {
    const url = server.database(randomId());
    return {
      open: (collections) => openMongoDocumentStore({ url, collections, clock: systemClock(), logger: silentTelemetry.logger }),
      [Symbol.asyncDispose]: async () => {},
    };
  });
});
