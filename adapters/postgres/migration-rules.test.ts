import assert from 'node:assert/strict';
import { HUB_MIGRATIONS } from './hub-schema.ts';
import { KEY_MIGRATIONS } from './key-schema.ts';
import type { Migration } from './migration.ts';
import { faultsOf } from './testing/migration-rules.ts';

const BASE: Migration = {
  name: 'base',
  compatibleFrom: 1,
  change: {
    kind: 'sql',
    sql: 'CREATE TABLE notes (key bigint, text text); CREATE TABLE words (key bigint); CREATE FUNCTION note() RETURNS void AS $$ x $$',
  },
};
const after = (sql: string, compatibleFrom?: number): readonly Migration[] => [
  BASE,
  { name: 'next', change: { kind: 'sql', sql }, ...(compatibleFrom !== undefined && { compatibleFrom }) },
];

describe('rules of migrations in PostgreSQL', () => {
  it('are kept by every migration of the hub and of the keys', () => {
    assert.deepEqual(faultsOf(HUB_MIGRATIONS), []);
    assert.deepEqual(faultsOf(KEY_MIGRATIONS), []);
  });

  it('allow what takes a lock for a moment, and anything on a table that the same migration makes', () => {
    for (const sql of [
      'ALTER TABLE notes ADD COLUMN shade text',
      `ALTER TABLE notes ADD COLUMN shade text NOT NULL DEFAULT 'grey'`,
      'ALTER TABLE notes ADD CONSTRAINT shaded CHECK (shade IS NOT NULL) NOT VALID',
      'ALTER TABLE notes ADD CONSTRAINT by_key UNIQUE USING INDEX notes_by_key',
      'ALTER TABLE notes ALTER COLUMN text DROP NOT NULL',
      'CREATE TABLE new (key bigint, text text); CREATE INDEX new_by_text ON new (text); ALTER TABLE new ALTER text SET NOT NULL; INSERT INTO new VALUES (1)',
      'CREATE FUNCTION note_2() RETURNS void AS $$ BEGIN UPDATE notes SET text = 1; DROP TABLE x; END $$ /* ; DROP TABLE notes */',
    ])
      assert.deepEqual(faultsOf(after(sql)), [], sql);
  });

  for (const [sql, reason] of [
    ['CREATE INDEX notes_by_text ON notes (text)', /kind `index`/],
    ['CREATE UNIQUE INDEX notes_by_text ON notes (text)', /kind `index`/],
    ['ALTER TABLE notes ALTER COLUMN key TYPE numeric', /rewrites the table/],
    ['ALTER TABLE notes ALTER text SET NOT NULL', /reads every row/],
    ['ALTER TABLE notes ADD COLUMN id uuid DEFAULT gen_random_uuid()', /rewrites the table/],
    ['ALTER TABLE notes ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY', /rewrites the table/],
    ['ALTER TABLE notes ADD CONSTRAINT positive CHECK (key > 0)', /NOT VALID/],
    ['ALTER TABLE notes ADD FOREIGN KEY (key) REFERENCES words', /NOT VALID/],
    ['ALTER TABLE notes ADD COLUMN word bigint REFERENCES words', /NOT VALID/],
    ['ALTER TABLE notes ADD PRIMARY KEY (key)', /USING INDEX/],
    ['ALTER TABLE notes SET UNLOGGED', /rewrites the table/],
    ['LOCK TABLE notes', /for as long as it takes/],
    ['REINDEX TABLE notes', /for as long as it takes/],
    [`UPDATE notes SET text = ''`, /kind `backfill`/],
    ['INSERT INTO notes SELECT key FROM words', /kind `backfill`/],
    ['DROP TABLE notes', /compatibleFrom/],
    ['ALTER TABLE notes DROP COLUMN text', /compatibleFrom/],
    ['ALTER TABLE notes RENAME COLUMN text TO words', /compatibleFrom/],
    ['DROP FUNCTION note', /compatibleFrom/],
    ['CREATE OR REPLACE FUNCTION note() RETURNS void AS $$ y $$', /under another name/],
    ['CREATE FUNCTION note(key bigint) RETURNS void AS $$ y $$', /another name/],
    ['ALTER TABLE notes ADD shade text; ALTER TABLE words ADD shade text', /one migration each/],
    ['ALTER TABLE notes VALIDATE CONSTRAINT shaded', /kind `validate`/],
  ] as const)
    it(`refuse ${sql}`, () => {
      const faults = faultsOf(after(sql));
      assert.ok(faults.length > 0, 'no fault was found');
      assert.match(faults.join('\n'), reason);
    });

  it('let something go once the release says which one can do without', () => {
    assert.deepEqual(faultsOf(after('ALTER TABLE notes DROP COLUMN text', 2)), []);
    assert.match(faultsOf(after('ALTER TABLE notes DROP COLUMN text', 3)).join(), /does not exist yet/);
    assert.match(
      faultsOf([...after('DROP TABLE words', 2), { name: 'last', compatibleFrom: 1, change: { kind: 'sql', sql: '' } }]).join(),
      /below version 2/,
    );
  });

  it('refuse a backfill that takes everything at once, and two migrations of one name', () => {
    const backfill = (sql: string): Migration => ({ name: 'fill', change: { kind: 'backfill', sql } });
    const batch = 'SELECT max(key) FROM (SELECT key FROM notes WHERE key > $1 ORDER BY key LIMIT 100) AS batch';
    assert.deepEqual(faultsOf([BASE, backfill(batch)]), []);
    assert.equal(faultsOf([BASE, backfill(`UPDATE notes SET text = ''`)]).length, 3);
    assert.match(faultsOf([BASE, backfill(batch), backfill(batch)]).join(), /another migration has this name/);
  });
});
