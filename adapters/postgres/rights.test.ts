import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { LOG_START, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import pg from 'pg';
import { systemClock } from '../process/clock.ts';
import { openPostgresEventStore } from './event-store.ts';
import { openHubDatabase } from './hub-database.ts';
import { openPostgresKeyStore } from './key-store.ts';
import { parseMasterKeys } from './key-wrap.ts';
import { openPostgresLeadership } from './leadership.ts';
import { openPostgresOpenWork } from './open-work.ts';
import { openPostgresStock } from './stock.ts';
import { privateServer } from './testing/hub-harness.ts';

const server = privateServer();
const SAGAHUB = resolve(import.meta.dirname, '../../hub/bin/sagahub.mjs');
const LOG_TABLES = ['events', 'placed', 'streams', 'unsequenced', 'request_keys', 'time_blocks', 'migrations'];
const NOT_ALLOWED = '42501';

/** A database as docs/deployment.md makes it: the owner migrates and is nobody's superuser; `worker` works without keys, `service` with them. */
describe('rights in PostgreSQL', () => {
  let url: string;
  const as = (user: string): string => url.replace('postgres@', `${user}@`);
  const migrate = (...args: string[]) =>
    promisify(execFile)(process.execPath, [SAGAHUB, 'migrate', ...args], {
      env: { PATH: process.env['PATH'], HUB_MIGRATE_URL: as('owner') },
    });
  const refused = async (user: string, statements: readonly string[], codes: readonly string[] = [NOT_ALLOWED]): Promise<void> => {
    const client = new pg.Client({ connectionString: as(user), options: '-c search_path=sagahub' });
    await client.connect();
    try {
      for (const sql of statements)
        await assert.rejects(
          client.query(sql),
          (error: pg.DatabaseError) => codes.includes(error.code ?? '') || assert.fail(`${sql}: ${error.code} ${error.message}`),
          sql,
        );
    } finally {
      await client.end();
    }
  };

  before(async function () {
    url = await server().createDatabase();
    await server().query(
      url,
      `CREATE ROLE owner LOGIN; CREATE ROLE hub NOLOGIN; CREATE ROLE keys NOLOGIN;
       CREATE ROLE worker LOGIN IN ROLE hub; CREATE ROLE service LOGIN IN ROLE hub, keys;
       ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO owner`,
    );
    await assert.rejects(
      openHubDatabase({ url: as('service') }),
      (error) => error instanceof ConfigurationError && /run `sagahub migrate`/.test(error.message),
    );
    await migrate('--hub-role', 'hub', '--keys-role', 'keys');
  });

  it('suffice for the log, elections, open work and stock; and a second migration changes nothing', async () => {
    const { stdout } = await migrate('--hub-role', 'hub', '--keys-role', 'keys', '--json');
    assert.deepEqual(JSON.parse(stdout)[0], { schema: 'sagahub', role: 'hub' });
    const clock = systemClock();
    await using database = await openHubDatabase({ url: as('worker') });
    await using leadership = openPostgresLeadership(database, { clock });
    await using store = await openPostgresEventStore(database, { clock, leadership });
    await store.append({ ...appendOf('order-1', NO_STREAM, 2), requestKey: 'k-1' });
    await store.append(appendOf('order-1', 1));
    assert.ok((await store.readRaw({ after: LOG_START, limit: 10 })).length >= 3);
    await openPostgresStock(database).setLevels([{ sku: 'A', available: '1', revision: 0 }]);
    assert.equal(await openPostgresOpenWork(database).checkpoint(), 0n);
  });

  it('allow neither of them to change, remove, insert or empty anything of the log, but by its two functions', async () => {
    const changes = LOG_TABLES.flatMap((table) => [
      `INSERT INTO ${table} DEFAULT VALUES`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
      `DROP TABLE ${table}`,
      `CREATE TRIGGER gone BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    ]);
    for (const user of ['worker', 'service'])
      await refused(user, [
        ...changes,
        `UPDATE events SET bytes = '{}'`,
        'UPDATE placed SET first_position = first_position + 1',
        'UPDATE streams SET revision = 0',
        `UPDATE streams SET name = 'order-2'`,
        'DELETE FROM leaders',
      ]);
  });

  it('allow neither of them to alter functions, make anything in the schema, or become somebody who may', async () => {
    for (const user of ['worker', 'service'])
      await refused(user, [
        'CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
        'ALTER FUNCTION append_events SECURITY INVOKER',
        'DROP FUNCTION place_appends',
        'DROP SCHEMA sagahub CASCADE',
        'CREATE TABLE sagahub.mine (a integer)',
        'CREATE SCHEMA mine',
        'SET ROLE owner',
        'SET session_replication_role = replica',
        `GRANT hub TO CURRENT_USER`,
        `ALTER ROLE ${user} CREATEROLE`,
      ]);
  });

  it('keep the keys from who works without them, and the schema of the keys from who works with them', async () => {
    await refused('worker', ['SELECT FROM sagahub_keys.subject_keys', 'SELECT FROM sagahub_keys.secrets', 'SET ROLE keys']);
    const masterKeys = parseMasterKeys(Buffer.alloc(32, 7).toString('base64'));
    await using store = await openPostgresKeyStore({ url: as('service'), masterKeys });
    const { keyId } = await store.subjectKey('acme\nada');
    assert.equal((await store.keys([keyId])).size, 1);
    await refused('service', [
      'TRUNCATE sagahub_keys.secrets',
      'DROP TABLE sagahub_keys.subject_keys',
      'UPDATE sagahub_keys.migrations SET version = 9',
    ]);
    await assert.rejects(openPostgresKeyStore({ url: as('worker'), masterKeys }), ConfigurationError);
  });

  it("let the log's functions write to its own tables alone, whatever their caller's temporary tables are called", async () => {
    const client = new pg.Client({ connectionString: as('worker'), options: '-c search_path=sagahub' });
    await client.connect();
    try {
      for (const table of ['events', 'streams', 'unsequenced', 'request_keys'])
        await client.query(`CREATE TEMPORARY TABLE ${table} (LIKE sagahub.${table} INCLUDING ALL)`);
      const { rows } = await client.query(
        `SELECT won FROM append_events(ARRAY['order-shadowed'], ARRAY[1], ARRAY['order'], ARRAY[-1], ARRAY[1], ARRAY[1], ARRAY[0]::bigint[], ARRAY[0]::bigint[],
          NULL, ARRAY[0, 2], decode(repeat('00', 32), 'hex'), '{}'::bytea)`,
      );
      assert.deepEqual(rows, [{ won: [1] }]);
      const { rows: real } = await client.query(`SELECT count(*)::integer AS count FROM sagahub.streams WHERE name = 'order-shadowed'`);
      const { rows: shadow } = await client.query('SELECT count(*)::integer AS count FROM pg_temp.streams');
      assert.deepEqual([real[0].count, shadow[0].count], [1, 0]);
    } finally {
      await client.end();
    }
  });

  it('are nobody’s when no role is named: whoever migrates owns everything, and needs no other user', async () => {
    const own = await server().createDatabase();
    const owner = own.replace('postgres@', 'owner@');
    await server().query(own, `ALTER DATABASE ${new URL(own).pathname.slice(1)} OWNER TO owner`);
    const clock = systemClock();
    await using database = await openHubDatabase({ url: owner });
    await using store = await openPostgresEventStore(database, { clock });
    assert.equal((await store.append(appendOf('order-1'))).revision, 0);
    await assert.rejects(openHubDatabase({ url: own.replace('postgres@', 'worker@') }), ConfigurationError);
  });
});
