import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type pg from 'pg';
import { carriedOut } from './migration-steps.ts';
import { inTransaction, type Patience, PATIENT, sleep } from './migration-transactions.ts';
import type { Migration } from './migration.ts';

export interface MigrationOptions {
  readonly schema: string;
  /** Given its rights, and no others; created without login when missing. */
  readonly role?: string | undefined;
  /** Oldest first; each is applied once. */
  readonly migrations: readonly Migration[];
  /** SQL that gives `$role` what running needs in `$schema`. Repeatable: it is given anew after each migration. */
  readonly rights: string;
  readonly patience?: Patience | undefined;
}

/** How far a schema is. */
interface State {
  /** Of the newest change. */
  readonly version: number;
  /** What a release must know to run on it. */
  readonly floor: number;
}

/** Between two looks whether another process has finished migrating. */
const LOCK_POLL_MS = 100;

/**
 * Brings a schema to the newest version; a crash in between resumes there. Safe from many processes at once: one migrates, the others
 * wait for it and find nothing left to do. A schema that is up to date needs no rights beyond reading.
 *
 * One that a newer release has brought further is left as it is, its rights too, as long as this release can run on it.
 *
 * | table | says |
 * |---|---|
 * | `migrations` | its highest version is what a release must know to run. Every release reads it, 0.1.0 too, and refuses a higher one than it knows |
 * | `schema_changes` | changes beyond that, which older releases need not know; made by the first of them |
 */
export const migrate = async (client: pg.ClientBase, options: MigrationOptions): Promise<void> => {
  const { schema, role, migrations, patience = PATIENT } = options;
  const newest = migrations.length;
  const found = await stateOf(client, schema, newest);
  if (found.version > newest || (found.version === newest && (role === undefined || !(await ownsSchema(client, schema))))) return;
  const unlock = await locked(client, schema);
  try {
    let { version, floor } = await stateOf(client, schema, newest);
    if (version > newest) return; // a newer release was faster
    if (version === 0) await createSchema(client, schema);
    for (; version < newest; version += 1) {
      const migration = migrations[version]!;
      const { compatibleFrom = floor } = migration;
      floor = Math.max(floor, compatibleFrom);
      const record = () => recordChange(client, version + 1, floor, migration.name);
      await carriedOut(client, { schema, migration, record, patience });
    }
    if (role !== undefined) await grant(client, role, options.rights.replaceAll('$schema', schema).replaceAll('$role', role));
  } finally {
    await unlock();
  }
};

/** @throws ConfigurationError a release that knows no more than `newest` cannot run on it */
const stateOf = async (client: pg.ClientBase, schema: string, newest: number): Promise<State> => {
  const floor = await highest(client, `${schema}.migrations`);
  const version = Math.max(floor, await highest(client, `${schema}.schema_changes`));
  if (floor > newest)
    throw new ConfigurationError([
      `the schema ${schema} can be used by releases that know version ${floor}, this one knows up to ${newest}: start the newer release again, or restore a backup`,
    ]);
  return { version, floor };
};

const highest = async (client: pg.ClientBase, table: string): Promise<number> => {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS exists', [table]);
  if (!rows[0].exists) return 0;
  return Number((await client.query(`SELECT coalesce(max(version), 0) AS version FROM ${table}`)).rows[0].version);
};

/** In the migration's own transaction where it has one. */
const recordChange = async (client: pg.ClientBase, version: number, floor: number, name: string): Promise<void> => {
  if (floor === version) {
    await client.query('INSERT INTO migrations (version) VALUES ($1)', [version]);
    return;
  }
  await client.query(
    'CREATE TABLE IF NOT EXISTS schema_changes (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  await client.query('INSERT INTO schema_changes (version, name) VALUES ($1, $2)', [version, name]);
  await client.query('INSERT INTO migrations (version) VALUES ($1) ON CONFLICT DO NOTHING', [floor]);
};

/**
 * Held until unlocked or the connection ends. Keyed by name, so that other schemas migrate meanwhile. Asked for again and again, not waited
 * for: who waits within a statement holds a snapshot, which an index that is being built by the lock's holder waits for in turn.
 */
const locked = async (client: pg.ClientBase, schema: string): Promise<() => Promise<unknown>> => {
  const lock = `hashtextextended('sagahub migrations of ${schema}', 0)`;
  while (!(await client.query(`SELECT pg_try_advisory_lock(${lock}) AS locked`)).rows[0].locked) await sleep(LOCK_POLL_MS);
  return () => client.query(`SELECT pg_advisory_unlock(${lock})`).catch(() => undefined);
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
