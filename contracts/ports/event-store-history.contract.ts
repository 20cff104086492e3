import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chainHash, chainStart, decodeEvent } from '../event-codec.ts';
import { HUB_STREAM } from '../messages/hub.ts';
import { appendOf, event, type OpenHarness, range, readLog } from './event-store-harness.contract.ts';
import { LOG_START, NO_STREAM } from './event-store.ts';

export const historyContract = (open: OpenHarness) => {
  it('begins with an event that names the log and its installation', async () => {
    await using harness = await open();
    const { store } = harness;
    const [first] = await store.readAll({ after: LOG_START, limit: 10 });
    assert.equal(first?.type, 'LogCreated');
    assert.equal(first.stream, HUB_STREAM);
    assert.deepEqual(first.data, { logId: store.logId, namespace: store.namespace });
    assert.notEqual(store.logId, store.namespace);
    await using other = await open();
    assert.notEqual(other.store.logId, store.logId);
    assert.notEqual(other.store.namespace, store.namespace);
  });

  it('reads a stream oldest first, from and to a revision inclusive, and one nobody wrote to as empty', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append(appendOf('order-1', NO_STREAM, 6));
    await store.append(appendOf('order-10'));
    const revisions = async (span?: { from?: number; to?: number }) =>
      (await store.readStream('order-1', span)).map(({ revision }) => revision);
    assert.deepEqual(await revisions(), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(await revisions({ from: 4 }), [4, 5]);
    assert.deepEqual(await revisions({ to: 1 }), [0, 1]);
    assert.deepEqual(await revisions({ from: 2, to: 3 }), [2, 3]);
    assert.deepEqual(await revisions({ from: 6 }), []);
    assert.deepEqual(await store.readStream('order-2'), []);
    assert.deepEqual(await store.readStream('order-2', { from: 3 }), []);
  });

  it('reads the log in pages, in one ascending order that never changes', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.appendMany(range(40).map((number) => appendOf(`order-${number}`, NO_STREAM, 1 + (number % 4))));
    const whole = await store.readAll({ after: LOG_START, limit: 1_000 });
    assert.deepEqual(await readLog(store, { limit: 7 }), whole.slice(1));
    const positions = whole.map(({ position }) => position);
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    assert.equal(new Set(positions).size, 1 + 100);
    assert.equal(await store.lastPosition(), positions.at(-1));
    assert.deepEqual(await store.newest(), whole.at(-1));
    if (store.densePositions)
      assert.deepEqual(
        positions,
        range(101).map((number) => BigInt(number + 1)),
      );
    const reopened = await harness.reopen();
    assert.deepEqual(await reopened.readAll({ after: LOG_START, limit: 1_000 }), whole);
    assert.equal(await reopened.lastPosition(), positions.at(-1));
  });

  it('reads nothing behind the end, however far', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append(appendOf('order-1'));
    const end = await store.lastPosition();
    for (const after of [end, end + 1n, 2n ** 53n + 1n, 2n ** 62n]) {
      assert.deepEqual(await store.readAll({ after, limit: 10 }), []);
      assert.deepEqual(await store.readRaw({ after, limit: 10 }), []);
    }
  });

  it('fills the pages of some categories from further on', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.appendMany(range(60).map((number) => appendOf(`${['order', 'delivery', 'stock'][number % 3]}-${number}`)));
    const page = await store.readAll({ after: LOG_START, limit: 15, categories: ['delivery', 'stock'] });
    assert.equal(page.length, 15);
    const all = await readLog(store, { limit: 4, categories: ['delivery', 'stock'] });
    assert.deepEqual(
      all.map(({ stream }) => stream),
      range(60)
        .filter((number) => number % 3 !== 0)
        .map((number) => `${['order', 'delivery', 'stock'][number % 3]}-${number}`),
    );
    assert.deepEqual(await store.readAll({ after: LOG_START, limit: 5, categories: ['ord'] }), []);
  });

  it('chains each event to the one before in its stream, by hashes over exactly the stored bytes', async () => {
    await using harness = await open();
    const { store } = harness;
    for (const revision of range(4)) await store.appendMany(range(5).map((number) => appendOf(`order-${number}`, revision * 2 - 1, 2)));
    const chains = new Map<string, string>();
    const raw = await store.readRaw({ after: LOG_START, limit: 1_000 });
    for (const row of raw) {
      const hash = chainHash(chains.get(row.stream) ?? chainStart(row.stream), row.bytes);
      assert.equal(row.hash, hash, `${row.stream} revision ${row.revision}`);
      chains.set(row.stream, hash);
    }
    assert.equal(chains.size, 6);
    const read = await store.readAll({ after: LOG_START, limit: 1_000 });
    assert.deepEqual(
      raw.map(({ bytes, ...place }) => ({ ...decodeEvent(bytes), ...place })),
      read,
    );
  });

  it('reads raw rows of one stream in pages', async () => {
    await using harness = await open();
    const { store } = harness;
    for (const revision of range(5)) await store.appendMany([appendOf('order-1', revision - 1), appendOf('order-2', revision - 1)]);
    const whole = await store.readRaw({ after: LOG_START, limit: 100, stream: 'order-2' });
    assert.deepEqual(
      whole.map(({ stream, revision }) => [stream, revision]),
      range(5).map((revision) => ['order-2', revision]),
    );
    const second = await store.readRaw({ after: whole[1]?.position ?? LOG_START, limit: 2, stream: 'order-2' });
    assert.deepEqual(second, whole.slice(2, 4));
    assert.deepEqual(await store.readRaw({ after: LOG_START, limit: 2, stream: 'order-3' }), []);
  });

  it('finds the last event recorded at or before a time, though clocks of different streams disagree', async () => {
    await using harness = await open();
    const { store } = harness;
    const startMs = Date.UTC(2026, 10, 20, 12);
    const time = (ms: number) => new Date(startMs + ms).toISOString();
    const jitter = fc.sample(fc.integer({ min: -400, max: 400 }), { numRuns: 1_000, seed: 7 });
    await store.appendMany(
      jitter.map((ms, number) => ({
        stream: `order-${number}`,
        expectedRevision: NO_STREAM,
        events: [event('Noted', {}, time(number + ms))],
      })),
    );
    const log = (await store.readAll({ after: LOG_START, limit: 10_000 })).map(({ position, metadata }) => ({
      position,
      time: metadata.time,
    }));
    const expected = (at: string) => log.findLast((entry) => entry.time <= at)?.position ?? LOG_START;
    const reopened = await harness.reopen();
    for (const ms of fc.sample(fc.integer({ min: -300, max: 1_400 }), { numRuns: 40, seed: 8 }))
      assert.equal(await reopened.positionAt(time(ms)), expected(time(ms)), time(ms));
    assert.equal(await reopened.positionAt('1970-01-01T00:00:00Z'), LOG_START);
    assert.equal(await reopened.positionAt('2026-11-20T13:30:00+01:00'), log.at(-1)?.position);
  });
};
