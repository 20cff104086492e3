import type { Migration } from '@sagahub/adapters/postgres/migration.ts';
import { HUB_MIGRATIONS } from '@sagahub/adapters/postgres/hub-schema.ts';

/**
 * What a coming release may do to the log's schema before those before it are gone: of every kind one, on the tables that are written most.
 * No release does; the two that are tested must run on it all the same, as neither knows it.
 */
const EXPANSIONS: readonly Migration[] = [
  { name: 'a-column', change: { kind: 'sql', sql: 'ALTER TABLE open_work ADD COLUMN shard smallint' } },
  {
    name: 'filled',
    change: {
      kind: 'backfill',
      sql: `WITH batch AS (SELECT stream, step FROM open_work WHERE stream > coalesce($1, '') ORDER BY stream, step LIMIT 200 FOR UPDATE),
        filled AS (UPDATE open_work w SET shard = 0 FROM batch b WHERE w.stream = b.stream AND w.step = b.step AND w.shard IS NULL)
        SELECT max(stream) FROM batch`,
    },
  },
  { name: 'an-index', change: { kind: 'index', index: 'open_work_by_shard', on: 'open_work (shard, due_ms)' } },
  {
    name: 'a-table',
    change: { kind: 'sql', sql: 'CREATE TABLE shards (shard smallint PRIMARY KEY, owner text); INSERT INTO shards VALUES (0)' },
  },
  {
    name: 'a-function-beside',
    change: {
      kind: 'sql',
      sql: `CREATE FUNCTION append_events_2(names text[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nobody calls it yet'; END $$`,
    },
  },
  {
    name: 'a-constraint',
    change: { kind: 'sql', sql: 'ALTER TABLE events ADD CONSTRAINT counted CHECK (revision >= 0) NOT VALID' },
  },
  { name: 'constraint-holds', change: { kind: 'validate', table: 'events', constraint: 'counted' } },
];

export const COMING_MIGRATIONS: readonly Migration[] = [...HUB_MIGRATIONS, ...EXPANSIONS];
