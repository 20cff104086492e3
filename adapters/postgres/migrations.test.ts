import assert from 'node:assert/strict';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { type DatabaseOptions, openDatabase } from './database.ts';
import type { Migration } from './migration.ts';
import { privateServer } from './testing/hub-harness.ts';

const server = privateServer();

const sql = (name: string, statements: string, compatibleFrom?: number): Migration => ({
  name,
  change: { kind: 'sql', sql: statements },
  ...(compatibleFrom !== undefined && { compatibleFrom }),
});
/** As the first release has it: what it does not know it refuses. */
const FIRST = [sql('notes', 'CREATE TABLE notes (key bigint PRIMARY KEY, text text)', 1)];
const EXPANDED = [...FIRST, sql('shade', 'ALTER TABLE notes ADD COLUMN shade text')];
const BY_SHADE: Migration = { name: 'notes-by-shade', change: { kind: 'index', index: 'notes_by_shade', on: 'notes (shade)' } };

/** Releases, told apart by the migrations that they know, on one schema. */
describe('migrations in PostgreSQL', () => {
  let url: string;
  beforeEach(async () => {
    url = await server().createDatabase();
  });
  const start = async (migrations: readonly Migration[], options: Partial<DatabaseOptions> = {}): Promise<void> => {
    await (await openDatabase({ url, schema: 'hub', migrations, ...options }))[Symbol.asyncDispose]();
  };
  const rows = (statement: string): Promise<readonly object[]> => server().query(url, statement);
  const fill = (notes: number) => rows(`INSERT INTO hub.notes SELECT n, 'text ' || n FROM generate_series(1, ${notes}) AS n`);
  const refused = (migrations: readonly Migration[]) =>
    assert.rejects(
      start(migrations),
      (error) => error instanceof ConfigurationError && /start the newer release again/.test(error.message),
    );

  it('let an older release start on what a newer one has expanded, and the newer one again', async () => {
    await start(FIRST);
    await start(EXPANDED);
    await start([...EXPANDED, BY_SHADE]);
    for (const release of [FIRST, EXPANDED, FIRST, [...EXPANDED, BY_SHADE]]) await start(release);
    assert.deepEqual(await rows('SELECT version FROM hub.migrations'), [{ version: 1 }]);
    assert.deepEqual(await rows('SELECT version, name FROM hub.schema_changes ORDER BY version'), [
      { version: 2, name: 'shade' },
      { version: 3, name: 'notes-by-shade' },
    ]);
  });

  it('refuse a release that needs what has been taken away, and let the one before run on', async () => {
    const contracted = [...EXPANDED, sql('no-text', 'ALTER TABLE notes DROP COLUMN text', 2)];
    await start(FIRST);
    await start(contracted);
    await refused(FIRST);
    await start(EXPANDED);
    assert.deepEqual(await rows('SELECT version FROM hub.migrations ORDER BY version'), [{ version: 1 }, { version: 2 }]);
  });

  it('are recorded as release 0.1.0 reads them: refused where every change is said to be needed', async () => {
    await start(FIRST);
    await start([...FIRST, sql('breaking', 'ALTER TABLE notes RENAME COLUMN text TO words', 2)]);
    await refused(FIRST);
    assert.deepEqual(await rows(`SELECT to_regclass('hub.schema_changes') AS changes`), [{ changes: null }]);
  });

  it('leave the rights alone when a newer release has given them', async () => {
    const role = 'reader';
    const rights = (tables: string) => `REVOKE ALL ON ALL TABLES IN SCHEMA $schema FROM $role; GRANT SELECT ON ${tables} TO $role`;
    await start(FIRST, { role, rights: rights('notes') });
    const more = [...FIRST, sql('words', 'CREATE TABLE words (key bigint PRIMARY KEY)')];
    await start(more, { role, rights: rights('notes, words') });
    await start(FIRST, { role, rights: rights('notes') });
    assert.deepEqual(await rows(`SELECT has_table_privilege('reader', 'hub.words', 'SELECT') AS allowed`), [{ allowed: true }]);
  });

  it('build an index anew that a crash has left half-built', async () => {
    await start(EXPANDED);
    await rows(`INSERT INTO hub.notes VALUES (1, 'a', 'red'), (2, 'b', 'red')`);
    await assert.rejects(server().query(url, 'CREATE UNIQUE INDEX CONCURRENTLY notes_by_shade ON hub.notes (shade)'), { code: '23505' });
    const valid = () => rows(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'hub.notes_by_shade'::regclass`);
    assert.deepEqual(await valid(), [{ valid: false }]);
    await start([...EXPANDED, BY_SHADE]);
    assert.deepEqual(await valid(), [{ valid: true }]);
  });

  it('build an index once, where many processes start at the same time', async () => {
    await start(EXPANDED);
    await fill(5_000);
    await Promise.all(Array.from({ length: 8 }, () => start([...EXPANDED, BY_SHADE])));
    assert.deepEqual(await rows('SELECT count(*)::integer AS changes FROM hub.schema_changes'), [{ changes: 2 }]);
  });

  it('fill a column in batches, and after a crash begin anew without doing anything twice', async () => {
    const batch = (from: string): Migration => ({
      name: 'fill-shade',
      change: {
        kind: 'backfill',
        sql: `WITH batch AS (SELECT key FROM notes WHERE key > coalesce($1::bigint, 0) ORDER BY key LIMIT 100),
          filled AS (UPDATE notes n SET shade = ${from} FROM batch b WHERE n.key = b.key AND n.shade IS NULL)
          SELECT max(key)::text FROM batch`,
      },
    });
    await start(EXPANDED);
    await fill(950);
    // Divides by nothing at the 501st, as a crash would stop it there.
    await assert.rejects(start([...EXPANDED, batch(`'first ' || (1 / (n.key - 501)) * 0`)]), { code: '22012' });
    const shades = () => rows(`SELECT left(shade, 5) AS shade, count(*)::integer AS notes FROM hub.notes GROUP BY 1 ORDER BY 1`);
    assert.deepEqual(await shades(), [
      { shade: 'first', notes: 500 },
      { shade: null, notes: 450 },
    ]);
    await start([...EXPANDED, batch(`'again'`)]);
    assert.deepEqual(await shades(), [
      { shade: 'again', notes: 450 },
      { shade: 'first', notes: 500 },
    ]);
  });
});
