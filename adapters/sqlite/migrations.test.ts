import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type Migration, migrate } from './migrations.ts';

/** Releases, told apart by the migrations that they know, on one database. */
describe('migrations in SQLite', () => {
  const FIRST: readonly Migration[] = [{ sql: 'CREATE TABLE notes (text TEXT) STRICT', compatibleFrom: 1 }];
  const EXPANDED: readonly Migration[] = [...FIRST, { sql: 'ALTER TABLE notes ADD COLUMN shade TEXT' }];
  const CONTRACTED: readonly Migration[] = [...EXPANDED, { sql: 'ALTER TABLE notes DROP COLUMN text', compatibleFrom: 2 }];
  let db: DatabaseSync;
  beforeEach(() => {
    db = new DatabaseSync(':memory:');
  });
  afterEach(() => db.close());
  const versions = (table: string) =>
    db
      .prepare(`SELECT version FROM ${table} ORDER BY version`)
      .all()
      .map(({ version }) => version);

  it('let an older release open what a newer one has expanded, and the newer one again', () => {
    for (const release of [FIRST, EXPANDED, FIRST, EXPANDED]) migrate(db, release);
    assert.deepEqual([versions('migrations'), versions('schema_changes')], [[1], [2]]);
  });

  it('refuse a release that needs what has been taken away, and let the one before open it', () => {
    migrate(db, CONTRACTED);
    assert.throws(() => migrate(db, FIRST), /releases that know schema version 2, this one knows up to 1: start the newer release again/);
    migrate(db, EXPANDED);
    assert.deepEqual(
      [versions('migrations'), versions('schema_changes')],
      [
        [1, 2],
        [2, 3],
      ],
    );
  });

  it('undo one that fails, and resume there', () => {
    assert.throws(() => migrate(db, [...FIRST, { sql: 'CREATE TABLE half (a INTEGER) STRICT; SELECT nonsense' }]), /nonsense/);
    migrate(db, EXPANDED);
    assert.deepEqual(versions('schema_changes'), [2]);
    assert.throws(() => db.prepare('SELECT * FROM half'), /no such table/);
  });
});
