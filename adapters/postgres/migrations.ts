import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type pg from 'pg';

export interface MigrationOptions {
  readonly schema: string;
  /** Given its rights, and no others; created without login when missing. */
  readonly role?: string | undefined;
  /** Oldest first; each is applied once, in a transaction of its own. */
  readonly migrations: readonly string[];
  /** SQL that gives `$role` what running needs in `$schema`. Repeatable: it is given anew after each migration. */
  readonly rights: string;
}

/**
 * Brings a schema to the newest version; a crash in between resumes there. Safe from many processes at once: one migrates, the others
 * wait for it and find nothing left to do. A schema that is up to date needs no rights beyond reading.
 */
export const migrate = async (client: pg.ClientBase, { schema, role, migrations, rights }: MigrationOptions): Promise<void> => {
  if ((await versionOf(client, schema)) === migrations.length && (role === undefined || !(await ownsSchema(client, schema)))) return;
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
    if (role !== undefined) await grant(client, role, rights.replaceAll('$schema', schema).replaceAll('$role', role));
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${lock})`).catch(() => undefined);
  }
};

const versionOf = async (client: pg.ClientBase, schema: string): Promise<number> => {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS exists', [`${schema}.migrations`]);
  if (!rows[0].exists) return 0;
  return Number((await client.query(`SELECT coalesce(max(version), 0) AS version FROM ${schema}.migrations`)).rows[0].version);
};

/** Only the owner gives rights; others find them given. */
const ownsSchema = async (client: pg.ClientBase, schema: string): Promise<boolean> => {
  const sql = `SELECT pg_has_role(nspowner, 'USAGE') AS owns FROM pg_namespace WHERE nspname = $1`;
  return (await client.query(sql, [schema])).rows[0].owns;
};

const createSchema = (client: pg.ClientBase, schema: string): Promise<void> =>
  inTransaction(client, async () => {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
  });

const grant = (client: pg.ClientBase, role: string, rights: string): Promise<void> =>
  inTransaction(client, async () => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${role} NOLOGIN`);
    await client.query(rights);
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
