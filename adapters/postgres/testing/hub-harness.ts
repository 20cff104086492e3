import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import type { OpenHarness } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { availability, type PostgresServer, startPostgres } from '../../../tests/servers/postgres.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { systemClock } from '../../process/clock.ts';
import type { Database } from '../database.ts';
import { openPostgresEventStore } from '../event-store.ts';
import { type HubDatabaseOptions, openHubDatabase } from '../hub-database.ts';
import { openPostgresLeadership } from '../leadership.ts';

/** One server for all tests of a file; to be called at its top. Skips them where none can run. */
export const privateServer = (): (() => PostgresServer) => {
  let server: PostgresServer | undefined;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    server = await startPostgres();
  });
  after(() => server?.[Symbol.asyncDispose]());
  return () => {
    if (!server) throw new Error('the server has not been started');
    return server;
  };
};

/** What every test runs under: its rights suffice. */
export const APPLICATION_ROLE = 'sagahub_application';

export interface Opened {
  readonly database: Database;
  readonly leadership: Leadership;
}

/** Schemas of one database are quicker to make than databases. */
const databases = new WeakMap<PostgresServer, Promise<string>>();
let schemas = 0;
const ownSchema = async (server: PostgresServer) => {
  const database = databases.get(server) ?? server.createDatabase();
  databases.set(server, database);
  schemas += 1;
  return { url: await database, schema: `test_${schemas}` };
};

/** One port on a schema of its own that can be closed and opened again. */
export const openOnSchema = async <Port extends object>(
  server: PostgresServer,
  openPort: (opened: Opened) => Promise<Port>,
  options: Partial<HubDatabaseOptions> = {},
) => {
  const { url, schema = 'sagahub' } = options.url === undefined ? await ownSchema(server) : { ...options, url: options.url };
  const clock = systemClock();
  const opened: AsyncDisposable[] = [];
  const close = async () => {
    for (const resource of opened.splice(0).toReversed()) await resource[Symbol.asyncDispose]();
  };
  const open = async () => {
    const database = await openHubDatabase({ role: APPLICATION_ROLE, ...options, url, schema });
    opened.push(database);
    const leadership = openPostgresLeadership(database, { clock });
    opened.push(leadership);
    const port = await openPort({ database, leadership });
    if (Symbol.asyncDispose in port) opened.push(port as AsyncDisposable);
    return { database, leadership, port };
  };
  return {
    url,
    schema,
    clock,
    ...(await open()),
    close,
    open,
    reopen: async () => {
      await close();
      return open();
    },
    [Symbol.asyncDispose]: close,
  };
};

export const eventStoreHarness =
  (server: () => PostgresServer): OpenHarness =>
  async () => {
    const { port, reopen, ...rest } = await openOnSchema(server(), ({ database, leadership }) =>
      openPostgresEventStore(database, { clock: systemClock(), leadership }),
    );
    return { ...rest, store: port, reopen: async () => (await reopen()).port };
  };
