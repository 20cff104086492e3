import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { ConfigurationError, StorageFullError } from '@sagahub/contracts/errors.ts';
import { eventStoreContract } from '@sagahub/contracts/ports/event-store.contract.ts';
import { appendOf, event, range } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { LOG_START, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { openSqliteEventStore } from './event-store.ts';
import { eventStoreHarness, openOnLog } from './testing/log-harness.ts';

eventStoreContract('sqlite', eventStoreHarness);

describe('event store in SQLite', () => {
  const openHarness = async () => {
    const { port, ...rest } = await openOnLog((log, clock) => openSqliteEventStore(log, { clock }));
    return { ...rest, store: port };
  };

  it('refuses to change or delete events and stream names, even by SQL', async () => {
    await using harness = await openHarness();
    await harness.store.append(appendOf('order-1', NO_STREAM, 2));
    using db = new DatabaseSync(harness.path);
    db.exec('PRAGMA recursive_triggers = ON');
    for (const sql of [
      `UPDATE events SET bytes = '{}' WHERE position = 2`,
      'UPDATE events SET position = 99 WHERE position = 2',
      'DELETE FROM events WHERE position = 3',
      'DELETE FROM events',
      `INSERT OR REPLACE INTO events (position, stream, revision, hash, bytes) VALUES (2, 2, 0, '', '{}')`,
      `UPDATE streams SET name = 'order-2' WHERE name = 'order-1'`,
      'DELETE FROM streams',
    ])
      assert.throws(() => db.exec(sql), /never (changed|deleted)/, sql);
    assert.equal((await harness.store.readStream('order-1')).length, 2);
  });

  it('shows an event again to whoever has seen it, though its appender has not been told yet', async () => {
    let held: Promise<void> | undefined;
    await using harness = await openOnLog((log, clock) => {
      const call: typeof log.writer.call = async (...args) => {
        const reply = await log.writer.call(...args);
        await held;
        return reply;
      };
      return openSqliteEventStore({ ...log, writer: Object.assign(Object.create(log.writer) as typeof log.writer, { call }) }, { clock });
    });
    const store = harness.port;
    await store.append(appendOf('order-1', NO_STREAM));
    const { promise, resolve: release } = Promise.withResolvers<void>();
    held = promise;
    const appending = store.append(appendOf('order-1', 0));
    await eventually('it is committed', async () => (await store.readStream('order-1')).length === 2);
    assert.equal((await store.readStream('order-1', { from: 1 })).length, 1);
    release();
    await appending;
  });

  it('refuses appends while the disk is full, goes on reading, and appends again when there is room', async () => {
    await using harness = await openHarness();
    const { store, log } = harness;
    await store.append(appendOf('order-1', NO_STREAM, 3));
    const delivered: bigint[] = [];
    const subscription = store.subscribe({
      after: LOG_START,
      onEvents: (events) => void delivered.push(...events.map(({ position }) => position)),
    });
    const large = (stream: string) => ({ stream, expectedRevision: NO_STREAM, events: [event('Noted', { filling: 'x'.repeat(500_000) })] });
    log.writer.limitPages(1);
    const refused = await store.appendMany([large('order-2'), appendOf('order-1', 2), large('order-3')]);
    for (const outcome of refused) assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StorageFullError);
    assert.equal((await store.readStream('order-1')).length, 3);
    assert.deepEqual(await store.readStream('order-2'), []);
    assert.equal(await store.lastPosition(), 4n);
    log.writer.limitPages(0);
    assert.deepEqual(await store.append(appendOf('order-1', 2)), { revision: 3 });
    await store.append(large('order-2'));
    await eventually('everything is delivered', () => subscription.position === 6n);
    assert.deepEqual(delivered, [1n, 2n, 3n, 4n, 5n, 6n]);
  });

  it('hands live subscribers the very objects that were appended', async () => {
    await using harness = await openHarness();
    const { store } = harness;
    const data = { note: 'the same object' };
    const received: unknown[] = [];
    const subscription = store.subscribe({
      after: await store.lastPosition(),
      onEvents: (events) => void received.push(...events.map((e) => e.data)),
    });
    await new Promise(setImmediate);
    await store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [event('Noted', data)] });
    await eventually('it is delivered', () => subscription.position === 2n);
    assert.equal(received[0], data);
  });

  it('lets a subscriber that falls behind what is kept in memory catch up from disk, without gap or duplicate', async () => {
    await using harness = await openHarness();
    const { store } = harness;
    const gate = Promise.withResolvers<void>();
    const positions: bigint[] = [];
    const subscription = store.subscribe({
      after: LOG_START,
      onEvents: async (events) => {
        positions.push(...events.map(({ position }) => position));
        await gate.promise;
      },
    });
    await eventually('it has a batch in hand', () => positions.length > 0);
    for (const chunk of range(5)) await store.appendMany(range(500).map((number) => appendOf(`order-${chunk}-${number}`, NO_STREAM, 5)));
    gate.resolve();
    await store.append(appendOf('order-last'));
    const end = await store.lastPosition();
    assert.equal(end, 12_502n);
    await eventually('it has caught up', () => subscription.position === end);
    await store.append(appendOf('order-last', 0));
    await eventually('it is live again', () => subscription.position === end + 1n);
    assert.deepEqual(
      positions,
      range(12_503).map((number) => BigInt(number + 1)),
    );
  });

  it('refuses a log whose first event does not say which log it is', async () => {
    await using harness = await openHarness();
    const { path } = harness;
    await harness.log[Symbol.asyncDispose]();
    {
      using db = new DatabaseSync(path);
      db.exec(`DROP TRIGGER events_are_never_changed; UPDATE events SET bytes = '{"time":"2026' WHERE position = 1`);
    }
    await assert.rejects(harness.reopen(), (error) => error instanceof ConfigurationError && /first event is damaged/.test(error.message));
  });
});
