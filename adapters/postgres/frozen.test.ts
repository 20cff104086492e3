import assert from 'node:assert/strict';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { systemClock } from '../process/clock.ts';
import { openPostgresDiscounts } from './discounts.ts';
import { openPostgresEventStore } from './event-store.ts';
import { openPostgresOpenWork } from './open-work.ts';
import { openPostgresStock } from './stock.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';
import type { Holding } from './testing/holder.ts';
import { startFrozenHolder } from './testing/holder-process.ts';

const server = privateServer();
/** From the moment that it stops; half of it is the server's limit. */
const WITHIN_MS = 10_000;

/** A hub that goes about its business on a database of its own. */
const openHub = async () =>
  openOnSchema(
    server(),
    async ({ database, leadership }) => {
      await using opened = new AsyncDisposableStack();
      const store = opened.use(await openPostgresEventStore(database, { clock: systemClock(), leadership }));
      const stock = openPostgresStock(database);
      await store.append(appendOf('order-1'));
      const discounts = openPostgresDiscounts(database);
      await discounts.define([{ code: 'TEN', percent: '10', revision: 0 }]);
      await stock.setLevels([{ sku: 'A', available: '9', revision: 0 }]);
      const closing = opened.move();
      return { store, stock, discounts, work: openPostgresOpenWork(database), [Symbol.asyncDispose]: () => closing.disposeAsync() };
    },
    { url: await server().createDatabase() },
  );
type Hub = Awaited<ReturnType<typeof openHub>>['port'];

/** Where a process may stop, what it has done by then, and who cannot go on without what it holds. */
const PLACES: readonly (Holding & {
  readonly name: string;
  readonly needsIt: (hub: Hub) => Promise<unknown>;
})[] = [
  {
    name: 'an append',
    before: [`UPDATE streams SET time_ms = time_ms + 1 WHERE name = 'order-1'`],
    needsIt: ({ store }) => store.append(appendOf('order-1', 0)),
  },
  {
    name: 'the election of the sequencer',
    before: [`UPDATE leaders SET epoch = epoch + 1 WHERE name = 'sequencer'`],
    needsIt: async ({ store }) => {
      const after = await store.lastPosition();
      await store.append(appendOf('order-2'));
      await eventually('it has its place', async () => (await store.lastPosition()) > after);
    },
  },
  {
    name: 'a batch of the relay',
    before: [
      `SELECT pg_advisory_xact_lock(hashtextextended('sagahub open work of ' || current_schema(), 0))`,
      'INSERT INTO open_work_checkpoint VALUES (99)',
    ],
    needsIt: ({ work }) => work.apply([], 1n),
  },
  {
    name: 'holding stock',
    before: [`UPDATE stock SET free = free - 1, held = held + 1 WHERE sku = 'A'`],
    needsIt: ({ stock }) => stock.reserve([{ holder: 'order-1', items: [{ sku: 'A', quantity: '1' }] }]),
  },
  {
    name: 'taking an answer that is long',
    before: [],
    unread: `SELECT code, repeat('x', 5000) FROM discounts d, generate_series(1, 20000) FOR UPDATE OF d`,
    needsIt: ({ discounts }) => discounts.define([{ code: 'TEN', percent: '20', revision: 1 }]),
  },
];

/** Sessions that wait for their process: to say something amid a transaction, or to take an answer. */
const waiting = async (url: string): Promise<number> =>
  (await server().query(url, `SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' OR wait_event = 'ClientWrite'`)).length;

describe('a process that hangs in the middle of a transaction in PostgreSQL', () => {
  it('holds the others up for seconds, wherever it stops, and leaves nothing half done when it wakes up', async () => {
    await using hub = await openHub();
    await using frozen = new AsyncDisposableStack();
    const stopped = await Promise.all(
      PLACES.map(async ({ name, needsIt, ...place }, index) => {
        const half = `CREATE TABLE half_${index} (a integer)`;
        const holding = { ...place, before: [half, ...place.before], after: [`INSERT INTO half_${index} VALUES (1)`] };
        const process = frozen.use(await startFrozenHolder(hub.url, holding));
        await eventually('its session waits for it', async () => (await waiting(hub.url)) === PLACES.length);
        const stoppedMs = performance.now();
        await needsIt(hub.port);
        const stoodStillMs = performance.now() - stoppedMs;
        assert.ok(stoodStillMs < WITHIN_MS, `the others stood still for ${Math.round(stoodStillMs)} ms: ${name}`);
        assert.ok(stoodStillMs > 1_000, `nobody stood still: ${name}`);
        return process;
      }),
    );
    const codes = await Promise.all(stopped.map((process) => process.wakeUp()));
    assert.deepEqual([...new Set(codes)], ['HUB_ENGINE_UNAVAILABLE']);
    assert.deepEqual(await server().query(hub.url, `SELECT FROM pg_class WHERE relname LIKE 'half%'`), []);
    assert.equal(await hub.port.work.checkpoint(), 1n);
    assert.deepEqual(
      (await hub.port.stock.balances({ skus: ['A'] })).map(({ free, held }) => [free, held]),
      [['8', '1']],
    );
  });
});
