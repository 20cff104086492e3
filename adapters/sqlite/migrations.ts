import type { DatabaseSync } from 'node:sqlite';

/**
 * One step from a version of a schema to the next; its version is its place in the list, from 1. Never edited once released. What older releases use
 * stays beside what newer ones need, until no release that may come back uses it: so a data folder can be gone on with by the release before.
 */
export interface Migration {
  readonly sql: string;
  /** The lowest version that a release must know to run on the schema from here on. Default: whatever could run before still can. */
  readonly compatibleFrom?: number;
}

/**
 * Brings a database to the newest schema; each step in its own transaction, so a crash in between resumes there. One that a newer release has
 * brought further is left as it is, as long as this release can run on it.
 *
 * `migrations` says by its highest version what a release must know; every release reads it, 0.1.0 too. `schema_changes` has what is beyond that.
 */
export const migrate = (db: DatabaseSync, migrations: readonly Migration[]): void => {
  db.exec('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
  let floor = highest(db, 'migrations');
  const applied = Math.max(floor, highest(db, 'schema_changes'));
  if (floor > migrations.length)
    throw new RangeError(
      `the database can be used by releases that know schema version ${floor}, this one knows up to ${migrations.length}: start the newer release again, or restore a backup`,
    );
  for (let version = applied + 1; version <= migrations.length; version += 1) {
    const { sql, compatibleFrom = floor } = migrations[version - 1]!;
    floor = Math.max(floor, compatibleFrom);
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(sql);
      record(db, version, floor);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
};

const NOW = `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`;

const record = (db: DatabaseSync, version: number, floor: number): void => {
  if (version > floor) {
    db.exec('CREATE TABLE IF NOT EXISTS schema_changes (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
    db.prepare(`INSERT INTO schema_changes (version, applied_at) VALUES (?, ${NOW})`).run(version);
  }
  db.prepare(`INSERT INTO migrations (version, applied_at) VALUES (?, ${NOW}) ON CONFLICT DO NOTHING`).run(floor);
};

const highest = (db: DatabaseSync, table: 'migrations' | 'schema_changes'): number => {
  if (!db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(table)) return 0;
  return (db.prepare(`SELECT coalesce(max(version), 0) AS version FROM ${table}`).get() as { version: number }).version;
};
