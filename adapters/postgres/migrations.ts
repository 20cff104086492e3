import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type pg from 'pg';

export interface MigrationOptions {
  readonly schema: string;
  /** Granted what running needs; created when missing. */
  readonly role?: string | undefined;
  /** Oldest first; each is applied once, in a transaction of its own. `$role` stands for the role in those that grant. */
  readonly migrations: readonly string[];
}

/** Rights of the role on what exists. Events, their places and stream names can be added, never changed or removed. */
const ONLY_ADDED = ['events', 'placed', 'migrations'];

/**
 * Brings a schema to the newest version; a crash in between resumes there. Safe from many processes at once: one migrates, the others
 * wait for it and find nothing left to do. A schema that is up to date needs no rights beyond reading.
 */
export const migrate = async (client: pg.ClientBase, { schema, role, migrations }: MigrationOptions): Promise<void> => {
  if ((await versionOf(client, schema)) === migrations.length && (await mayUse(client, schema, role))) return;
  // Held until unlocked or the connection ends. Keyed by name, so that other schemas migrate meanwhile.
  const lock = `hashtextextended('sagahub migrations of ${schema}', 0)`;
  await client.query(`SELECT pg_advisory_lock(${lock})`);
  try {
    let version = await versionOf(client, schema);
    if (version > migrations.length)
      throw new ConfigurationError([
        `the schema ${schema} has version ${version}, this release knows up to ${migrations.length}: start the newer release again, or restore a backup`,
      ]);
    if (version === 0) await createSchema(client, schema);
    for (; version < migrations.length; version += 1)
      await inTransaction(client, async () => {
        await client.query(migrations[version] ?? '');
        await client.query('INSERT INTO migrations (version) VALUES ($1)', [version + 1]);
      });
    if (role !== undefined) await grant(client, schema, role);
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${lock})`).catch(() => undefined);
  }
};

const versionOf = async (client: pg.ClientBase, schema: string): Promise<number> => {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS exists', [`${schema}.migrations`]);
  if (!rows[0].exists) return 0;
  return Number((await client.query(`SELECT coalesce(max(version), 0) AS version FROM ${schema}.migrations`)).rows[0].version);
};

const mayUse = async (client: pg.ClientBase, schema: string, role: string | undefined): Promise<boolean> => {
  if (role === undefined) return true;
  const sql = `SELECT coalesce((SELECT has_schema_privilege(oid, $2, 'USAGE') FROM pg_roles WHERE rolname = $1), false) AS may`;
  return (await client.query(sql, [role, schema])).rows[0].may;
};

const createSchema = (client: pg.ClientBase, schema: string): Promise<void> =>
  inTransaction(client, async () => {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
  });

const grant = (client: pg.ClientBase, schema: string, role: string): Promise<void> =>
  inTransaction(client, async () => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${role} NOLOGIN`);
    const { rows } = await client.query(`SELECT pg_has_role($1, 'MEMBER') AS member`, [role]);
    if (!rows[0].member) await client.query(`GRANT ${role} TO CURRENT_USER`);
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
    await client.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`);
    await client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role}`);
    const tables = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename = ANY($2)`, [
      schema,
      ONLY_ADDED,
    ]);
    for (const { tablename } of tables.rows) await client.query(`REVOKE UPDATE, DELETE, TRUNCATE ON ${tablename} FROM ${role}`);
  });

const inTransaction = async (client: pg.ClientBase, work: () => Promise<void>): Promise<void> => {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};
