import assert from 'node:assert/strict';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { appendOf, range } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import pg from 'pg';
import { systemClock } from '../process/clock.ts';
import { openPostgresEventStore } from './event-store.ts';
import { openHubDatabase } from './hub-database.ts';
import { HUB_MIGRATIONS } from './hub-schema.ts';
import type { Migration } from './migration.ts';
import { type Patience, PATIENT } from './migration-transactions.ts';
import { openDatabase } from './database.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

const COLUMN: Migration = { name: 'shade', change: { kind: 'sql', sql: 'ALTER TABLE streams ADD COLUMN shade text' } };
/** Locks rows in the order in which appends lock them. */
const FILL: Migration = {
  name: 'fill-shade',
  change: {
    kind: 'backfill',
    sql: `WITH batch AS (SELECT name FROM streams WHERE name > coalesce($1, '') ORDER BY name LIMIT 250 FOR UPDATE),
      filled AS (UPDATE streams s SET shade = 'grey' FROM batch b WHERE s.name = b.name)
      SELECT max(name) FROM batch`,
  },
};
/** What an append may take at most while a change asks for its lock: that long, and what a busy machine adds. */
const HELD_UP_MS = PATIENT.lockMs + 1_500;

/** Appends one after the other, to new and to old streams, until told to stop; every append must succeed. */
const appending = (store: EventStore) => {
  const tookMs: number[] = [];
  const stop = new AbortController();
  const writing = (async () => {
    for (let number = 0; !stop.signal.aborted; number += 1) {
      const startedMs = performance.now();
      const stream = `order-new-${number}`;
      await store.append(appendOf(stream, NO_STREAM, 2));
      await store.append(appendOf(stream, 1));
      tookMs.push((performance.now() - startedMs) / 2);
    }
  })();
  return {
    tookMs,
    async stop(): Promise<void> {
      stop.abort();
      await writing;
    },
  };
};

const openHub = async () =>
  openOnSchema(server(), ({ database, leadership }) => openPostgresEventStore(database, { clock: systemClock(), leadership }), {
    url: await server().createDatabase(),
  });

const migrateWith = async (url: string, more: readonly Migration[], patience?: Patience): Promise<void> => {
  const migrations = [...HUB_MIGRATIONS, ...more];
  await (await openDatabase({ url, schema: 'sagahub', migrations, patience }))[Symbol.asyncDispose]();
};

/** Holds a lock that every reader takes, as a report or a backup does for its whole length. */
const longReader = async (url: string) => {
  const client = new pg.Client({ connectionString: url, application_name: 'a-long-report' });
  await client.connect();
  await client.query('BEGIN; SELECT count(*) FROM sagahub.streams');
  return {
    end: () => client.query('COMMIT'),
    [Symbol.asyncDispose]: () => client.end(),
  };
};

describe('a migration of a hub that works', () => {
  it('waits for a long transaction without holding up the appends that come after it', async () => {
    await using hub = await openHub();
    await using reader = await longReader(hub.url);
    const writing = appending(hub.port);
    let migrated = false;
    const migrating = migrateWith(hub.url, [COLUMN]).then(() => (migrated = true));
    const waits = async () =>
      (await server().query(hub.url, `SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'`)).length > 0;
    await eventually('the change asks for its lock', waits);
    const before = writing.tookMs.length;
    await eventually('appends go on', () => writing.tookMs.length > before + 100);
    await eventually('the change asks again', waits);
    assert.equal(migrated, false);
    await reader.end();
    await migrating;
    await writing.stop();
    assert.ok(Math.max(...writing.tookMs) < HELD_UP_MS, `an append took ${Math.max(...writing.tookMs)} ms`);
  });

  it('is given up while a transaction does not end, has changed nothing, says who is in its way, and succeeds later', async () => {
    await using hub = await openHub();
    const impatient = { ...PATIENT, lockMs: 50, pauseMs: 10, tries: 3 };
    {
      await using _reader = await longReader(hub.url);
      await assert.rejects(migrateWith(hub.url, [COLUMN], impatient), (error) => {
        assert.ok(error instanceof UnavailableError);
        assert.match(error.message, /migration shade was given up after 3 tries and changed nothing: .*lock timeout.*a-long-report/);
        return true;
      });
    }
    await migrateWith(hub.url, [COLUMN], impatient);
  });

  it('is undone when a statement would hold its locks for long', async () => {
    await using hub = await openHub();
    const slow: Migration = { name: 'slow', change: { kind: 'sql', sql: 'LOCK TABLE streams; SELECT pg_sleep(60)' } };
    await assert.rejects(migrateWith(hub.url, [slow], { ...PATIENT, statementMs: 200 }), /statement timeout/);
    await hub.port.append(appendOf('order-after'));
  });

  it('fills rows while orders come in, each append as quick as ever', async () => {
    await using hub = await openHub();
    const OLD = 4_000;
    for (const chunk of range(OLD / 500)) await hub.port.appendMany(range(500).map((number) => appendOf(`order-old-${chunk}-${number}`)));
    const writing = appending(hub.port);
    await eventually('appends are under way', () => writing.tookMs.length > 100);
    const index: Migration = { name: 'by-shade', change: { kind: 'index', index: 'streams_by_shade', on: 'streams (shade)' } };
    const from = writing.tookMs.length;
    const startedMs = performance.now();
    const always: Migration = {
      name: 'always-shaded',
      change: { kind: 'sql', sql: 'ALTER TABLE streams ADD CONSTRAINT shaded CHECK (shade IS NOT NULL OR time_ms >= 0) NOT VALID' },
    };
    const validated: Migration = { name: 'shaded', change: { kind: 'validate', table: 'streams', constraint: 'shaded' } };
    await migrateWith(hub.url, [COLUMN, FILL, index, always, validated]);
    const meanwhile = writing.tookMs.slice(from).toSorted((a, b) => a - b);
    const migratedMs = performance.now() - startedMs;
    await writing.stop();
    const at = (share: number) => meanwhile[Math.floor((meanwhile.length - 1) * share)]!;
    console.log(
      `      ${meanwhile.length} appends in the ${migratedMs.toFixed(0)} ms: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, at most ${at(1).toFixed(1)} ms`,
    );
    assert.ok(meanwhile.length > 10, `${meanwhile.length} appends`);
    assert.ok(at(1) < HELD_UP_MS, `an append took ${at(1)} ms`);
    const [left] = await server().query<{ count: string }>(
      hub.url,
      `SELECT count(*) FROM sagahub.streams WHERE shade IS NULL AND name LIKE 'order-old-%'`,
    );
    assert.equal(left?.count, '0');
    // What an older release does not know of is in nobody's way.
    await using older = await openHubDatabase({ url: hub.url });
    await using store = await openPostgresEventStore(older, { clock: systemClock() });
    assert.equal((await store.append(appendOf('order-old-0-0', 0))).revision, 1);
  });
});
