import assert from 'node:assert/strict';
import { ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { systemClock } from '../process/clock.ts';
import { startTcpProxy } from '../../tests/servers/tcp-proxy.ts';
import { Database, openDatabase } from './database.ts';
import { type HubDatabaseOptions, openHubDatabase } from './hub-database.ts';
import { HUB_MIGRATIONS } from './hub-schema.ts';
import { KEY_MIGRATIONS } from './key-schema.ts';
import { openPostgresStock } from './stock.ts';
import { startDyingServer } from './testing/dying-server.ts';
import { APPLICATION_ROLE, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

/** Rows that stand in the tables of each version of the hub's schema, to be there still after the next migration. */
const ROWS: readonly (readonly [table: string, insert: string])[] = [
  ['events', `INSERT INTO events (stream, revision, hash, bytes) VALUES (1, 0, '\\x00', '{}')`],
  ['stock_holds', `INSERT INTO stock_holds (holder, state, items) VALUES ('o-1', 0, '[]')`],
  ['holds_origin', `INSERT INTO stock VALUES ('A', 1, 0, 1, 0)`], // counted before it was kept of which log: whole
  ['unsequenced', `INSERT INTO unsequenced (stream, first_revision, events, earliest_ms) VALUES (1, 0, 1, 0)`],
];

/** What a release must know to run on it: the others are in `schema_changes`. */
const FLOOR = Math.max(...HUB_MIGRATIONS.map(({ compatibleFrom = 0 }) => compatibleFrom));

describe('schema in PostgreSQL', () => {
  const count = async (url: string, table: string) =>
    Number((await server().query<{ count: string }>(url, `SELECT count(*) FROM ${table}`))[0]?.count);

  for (const [index, [table, insert]] of ROWS.entries())
    it(`goes from version ${index + 1} to the newest, keeping what is there`, async () => {
      const url = await server().createDatabase();
      await (await openDatabase({ url, schema: 'hub', migrations: HUB_MIGRATIONS.slice(0, index + 1) }))[Symbol.asyncDispose]();
      await server().query(url, `SET search_path = hub; ${insert}`);
      await (await openDatabase({ url, schema: 'hub', migrations: HUB_MIGRATIONS }))[Symbol.asyncDispose]();
      assert.equal(await count(url, `hub.${table}`), 1);
      assert.equal(await count(url, 'hub.migrations'), FLOOR);
    });

  it('has such a test for every version but the newest', () => {
    assert.equal(ROWS.length, HUB_MIGRATIONS.length - 1);
    assert.equal(KEY_MIGRATIONS.length, 1);
  });

  it('is migrated once by many processes that start at the same time', async () => {
    const url = await server().createDatabase();
    const databases = await Promise.all(Array.from({ length: 12 }, () => openHubDatabase({ url, role: APPLICATION_ROLE })));
    assert.equal(await count(url, 'sagahub.migrations'), FLOOR);
    for (const database of databases) await database[Symbol.asyncDispose]();
  });

  it('undoes a migration that fails, and resumes there', async () => {
    const url = await server().createDatabase();
    const half = (sql: string) => [...KEY_MIGRATIONS, { name: 'half', change: { kind: 'sql', sql } } as const];
    await assert.rejects(openDatabase({ url, schema: 'keys', migrations: half('CREATE TABLE half (a integer); SELECT 1 / 0') }), {
      code: '22012',
    });
    await (await openDatabase({ url, schema: 'keys', migrations: half('CREATE TABLE half (a integer)') }))[Symbol.asyncDispose]();
    assert.equal(await count(url, 'keys.half'), 0);
  });

  it('lets a user run who may do no more than the role, once the owner has migrated', async () => {
    const url = await server().createDatabase();
    await (await openHubDatabase({ url, role: APPLICATION_ROLE }))[Symbol.asyncDispose]();
    await server().query(url, `CREATE ROLE runner LOGIN IN ROLE ${APPLICATION_ROLE}`);
    await using database = await openHubDatabase({ url: url.replace('postgres@', 'runner@'), role: APPLICATION_ROLE });
    await openPostgresStock(database).setLevels([{ sku: 'A', available: '1', revision: 0 }]);
    const empty = await server().createDatabase();
    await assert.rejects(
      openHubDatabase({ url: empty.replace('postgres@', 'runner@') }),
      (error) => error instanceof ConfigurationError && /the user lacks a right/.test(error.message),
    );
  });

  it('says what to correct when the URL is wrong, and that the server is away when it is', async () => {
    const { url } = server();
    const refusal = async (wrong: string): Promise<Error> =>
      openHubDatabase({ url: wrong, setting: 'HUB_EVENT_STORE_URL' }).then(
        () => assert.fail('it was opened'),
        (error: Error) => error,
      );
    for (const [wrong, reason] of [
      [url.replace(/postgres$/, 'nowhere'), /database does not exist/],
      [url.replace('postgres@', 'nobody:hush-hush@'), /check user name/],
      [url.replace('postgres:', 'mysql:'), /is no URL of PostgreSQL/],
    ] as const) {
      const error = await refusal(wrong);
      assert.ok(error instanceof ConfigurationError, error.message);
      assert.match(error.message, reason);
      assert.match(error.message, /HUB_EVENT_STORE_URL/);
      assert.doesNotMatch(error.message, /hush-hush/);
    }
    const away = await refusal(url.replace(/:\d+\//, ':1/'));
    assert.ok(away instanceof UnavailableError);
    assert.match(away.message, /PostgreSQL at postgres:\/\/postgres@127\.0\.0\.1:1\//);
  });

  it('refuses a database that would lose what was acknowledged, or garble it', async () => {
    const url = await server().createDatabase();
    await server().query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
    await assert.rejects(
      openHubDatabase({ url }),
      (error) => error instanceof ConfigurationError && /synchronous_commit is off/.test(error.message),
    );
    await server().query(url, `CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
    const latin = server().url.replace(/postgres$/, 'latin');
    await assert.rejects(
      openHubDatabase({ url: latin }),
      (error) => error instanceof ConfigurationError && /encoded in LATIN1/.test(error.message),
    );
  });

  it('waits for a server that is away when it is told to, and says that it does; not for a wrong URL', async () => {
    const url = await server().createDatabase();
    const waiting: (string | undefined)[] = [];
    const { logger } = silentTelemetry;
    const starting = { clock: systemClock(), logger, onWaiting: (reason: string | undefined) => void waiting.push(reason) };
    await assert.rejects(openHubDatabase({ url: `${url}x`, starting }), ConfigurationError);
    await server().stop();
    const opening = openHubDatabase({ url, starting });
    await eventually('it waits', () => waiting.some((reason) => reason?.includes('ECONNREFUSED')));
    await server().start();
    await using database = await opening;
    assert.equal(waiting.at(-1), undefined);
    assert.equal((await database.health()).status, 'pass');
    await server().stop();
    const { status, output } = await database.health();
    assert.deepEqual([status, output?.startsWith('PostgreSQL at postgres://postgres@127.0.0.1')], ['fail', true]);
    await server().start();
  });
});

describe('connections to PostgreSQL that have died silently', () => {
  const setUp = async (options: Partial<HubDatabaseOptions> = {}) => {
    const stack = new AsyncDisposableStack();
    const { port } = new URL(server().url);
    const proxy = stack.use(await startTcpProxy(Number(port)));
    const url = (await server().createDatabase()).replace(`:${port}/`, `:${proxy.port}/`);
    const database = stack.use(await openHubDatabase({ url, queryTimeoutMs: 1_000, ...options }));
    const several = Array.from({ length: 5 }, () => database.rows({ name: 'nap', text: 'SELECT pg_sleep(0.2)' }));
    await Promise.all(several);
    assert.ok(proxy.connections >= 5, `${proxy.connections} connections`);
    return { database, proxy, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  };
  const one = { name: 'one', text: 'SELECT 1' };

  it('are all left behind as soon as one of them does not answer: the next statement has a new one', async () => {
    await using scene = await setUp();
    scene.proxy.halfOpen();
    await assert.rejects(scene.database.rows(one), UnavailableError);
    assert.deepEqual(await scene.database.rows(one), [[1]]);
  });

  it('are found out before they are used, when nobody used them for a while: nobody gets an error', async () => {
    await using scene = await setUp({ doubtAfterMs: 0 });
    scene.proxy.halfOpen();
    const before = scene.proxy.connections;
    assert.deepEqual(await Promise.all([scene.database.rows(one), scene.database.rows(one)]), [[[1]], [[1]]]);
    assert.deepEqual(await scene.database.rows(one), [[1]]);
    assert.ok(scene.proxy.connections <= before + 2, 'and those that are there are kept');
  });

  it('are not thought of by a probe of a server that is slow', async () => {
    await using scene = await setUp();
    const before = scene.proxy.connections;
    scene.proxy.delay(3_000);
    assert.equal((await scene.database.health()).status, 'fail');
    scene.proxy.heal();
    await Promise.all(Array.from({ length: 5 }, () => scene.database.rows({ name: 'nap', text: 'SELECT pg_sleep(0.2)' })));
    assert.ok(scene.proxy.connections <= before + 1, `${scene.proxy.connections - before} new connections`);
  });

  it('cost a transaction the time of one statement, and none for taking back what it did', async () => {
    await using scene = await setUp();
    scene.proxy.halfOpen();
    const startedMs = performance.now();
    await assert.rejects(
      scene.database.transaction((session) => session.rows(one)),
      UnavailableError,
    );
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 2_000, `it took ${tookMs} ms`);
    assert.deepEqual(await scene.database.transaction((session) => session.rows(one)), [[1]]);
  });
});

describe('a statement that takes too long in PostgreSQL', () => {
  it('fails alone: those in line have their turn next', async () => {
    const url = await server().createDatabase();
    await using database = await openHubDatabase({ url, queryTimeoutMs: 300, connections: 1 });
    const slow = assert.rejects(database.rows({ name: 'slow', text: 'SELECT pg_sleep(20)' }), UnavailableError);
    const inLine = [1, 2, 3].map((value) => database.rows({ name: 'value', text: 'SELECT $1::int' }, [value]));
    await slow;
    assert.deepEqual(await Promise.all(inLine), [[[1]], [[2]], [[3]]]);
  });
});

describe('a connection to PostgreSQL', () => {
  it('that breaks in the moment that it is made fails its statement, and ends nothing else', async () => {
    await using dying = await startDyingServer();
    await using database = new Database({ url: dying.url, schema: 'hub', migrations: [] });
    await assert.rejects(database.rows({ name: 'one', text: 'SELECT 1' }), UnavailableError);
  });
});

describe('a transaction in PostgreSQL', () => {
  it('whose connection breaks between two statements fails, and ends nothing else', async () => {
    const url = await server().createDatabase();
    await using database = await openHubDatabase({ url });
    const broken = database.transaction(async (session) => {
      const [own] = await session.rows<[number]>({ name: 'own-pid', text: 'SELECT pg_backend_pid()' });
      await server().query(url, 'SELECT pg_terminate_backend($1)', [own?.[0]]);
      const gone = async () => (await server().query(url, 'SELECT FROM pg_stat_activity WHERE pid = $1', [own?.[0]])).length === 0;
      await eventually('its session has ended', gone);
      await gone(); // one more round trip: the news has reached this process, which has no statement under way
      await session.rows({ name: 'one', text: 'SELECT 1' });
    });
    await assert.rejects(broken, UnavailableError);
    assert.deepEqual(await database.rows({ name: 'one', text: 'SELECT 1' }), [[1]]);
  });
});
