import type pg from 'pg';
import type { Change, Migration } from './migration.ts';
import { inPassing, inTransaction, type Patience, sleep } from './migration-transactions.ts';

export interface Step {
  readonly schema: string;
  readonly migration: Migration;
  /** Writes down that it was carried out. */
  readonly record: () => Promise<void>;
  readonly patience: Patience;
}

type Carry<Kind extends Change['kind']> = (client: pg.ClientBase, step: Step, change: Extract<Change, { kind: Kind }>) => Promise<void>;

/** Carries out one migration; after a crash anywhere, doing it again leads to the same. */
export const carriedOut = (client: pg.ClientBase, step: Step): Promise<void> => {
  const { change } = step.migration;
  switch (change.kind) {
    case 'sql':
      return sql(client, step, change);
    case 'index':
      return index(client, step, change);
    case 'validate':
      return validate(client, step, change);
    case 'backfill':
      return backfill(client, step, change);
  }
};

const sql: Carry<'sql'> = (client, { migration, record, patience }, change) =>
  inPassing(client, migration.name, patience, async () => {
    await client.query(change.sql);
    await record();
  });

/** For what waits for everybody while nobody waits for it. */
const UNHURRIED = 'SET statement_timeout = 0; SET lock_timeout = 0';

const index: Carry<'index'> = async (client, { schema, record }, { index: name, unique = false, on }) => {
  await client.query(UNHURRIED);
  const { rows } = await client.query('SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)', [`${schema}.${name}`]);
  if (rows[0]?.valid === false) await client.query(`DROP INDEX CONCURRENTLY ${name}`);
  if (rows[0]?.valid !== true) await client.query(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${name} ON ${on}`);
  await inTransaction(client, record);
};

const validate: Carry<'validate'> = async (client, { record }, { table, constraint }) => {
  await client.query(UNHURRIED);
  await inTransaction(client, async () => {
    await client.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${constraint}`);
    await record();
  });
};

/** Others get as much time as a batch took. Well below the time after which the server takes a silent session for dead. */
const LONGEST_PAUSE_MS = 5_000;

const backfill: Carry<'backfill'> = async (client, { migration, record, patience }, change) => {
  for (let key: unknown = null; ; ) {
    let tookMs = 0;
    let last: unknown;
    await inPassing(client, migration.name, patience, async () => {
      const startedMs = performance.now(); // without the wait for locks
      const { rows } = await client.query({ text: change.sql, values: [key], rowMode: 'array' });
      last = rows[0]?.[0] ?? null;
      tookMs = performance.now() - startedMs;
    });
    if (last === null) break;
    key = last;
    await sleep(Math.min(tookMs, LONGEST_PAUSE_MS));
  }
  await inTransaction(client, record);
};
