import type { DatabaseSync } from 'node:sqlite';

/** Brings a database to the newest schema; each step in its own transaction, so a crash in between resumes there. */
export const migrate = (db: DatabaseSync, migrations: readonly string[]): void => {
  db.exec('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
  const { version } = db.prepare('SELECT coalesce(max(version), 0) AS version FROM migrations').get() as { version: number };
  if (version > migrations.length)
    throw new RangeError(
      `the database has schema version ${version}, this release knows up to ${migrations.length}: start the newer release again, or restore a backup`,
    );
  for (const [index, script] of migrations.entries()) {
    if (index < version) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(script);
      db.prepare(`INSERT INTO migrations (version, applied_at) VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`).run(index + 1);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
};
