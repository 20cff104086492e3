import assert from 'node:assert/strict';
import { appendOf, range } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { type EventStore, LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from '../../tests/servers/kurrentdb-double/double.ts';
import { failure } from '../../tests/servers/kurrentdb-double/wire.ts';
import { logOn } from './testing/harness.ts';

const CANCELLED = 1;

describe('subscriptions to KurrentDB when something goes wrong', () => {
  let double: KurrentDbDouble;
  beforeEach(async () => {
    double = await startKurrentDbDouble();
  });
  afterEach(() => double[Symbol.asyncDispose]());

  const follow = (store: EventStore, categories?: string[]) => {
    const positions: bigint[] = [];
    const subscription = store.subscribe({
      after: LOG_START,
      ...(categories && { categories }),
      onEvents: (events) => void positions.push(...events.map(({ position }) => position)),
    });
    return { positions, subscription };
  };
  const append = (store: EventStore, from: number, count: number) =>
    store.appendMany(range(count).map((number) => appendOf(`order-${from + number}`)));
  const positionsIn = async (store: EventStore) =>
    (await store.readAll({ after: LOG_START, limit: 10_000 })).map(({ position }) => position);

  it('resumes behind what it has handled when the server ends it, cancels it, or goes away', async () => {
    await using harness = await logOn(double.url);
    const { store } = harness;
    const { positions, subscription } = follow(store);
    const breakages = [
      async () => double.subscriptions.forEach((open) => open.end()),
      async () => double.subscriptions.forEach((open) => open.end(failure(CANCELLED, 'stopped'))),
      () => double.dropConnections(),
      async () => {
        double.kill();
        await double.restart();
      },
    ];
    for (const [index, breakage] of breakages.entries()) {
      await append(store, 100 * index, 10);
      await eventually('it is live', () => positions.length === 1 + 10 * (index + 1));
      await breakage();
    }
    await append(store, 1_000, 10);
    await eventually('it is live again', () => positions.length === 1 + 10 * 5);
    assert.deepEqual(positions, await positionsIn(store));
    assert.equal(subscription.position, positions.at(-1));
    assert.ok((double.calls['subscribe'] ?? 0) >= 5);
  });

  it('finds out that it is dead although the connection lives, and gets what it missed', async () => {
    await using harness = await logOn(double.url);
    const { store } = harness;
    const { positions } = follow(store);
    await append(store, 0, 5);
    await eventually('it is live', () => positions.length === 6);
    for (const open of double.subscriptions) open.isSilent = true;
    await append(store, 10, 5);
    await eventually('it got what it missed', () => positions.length === 11);
    assert.deepEqual(positions, await positionsIn(store));
    assert.ok((double.calls['subscribe'] ?? 0) >= 2);
  });

  it('finds out that it is dead behind any number of events that it is not interested in', async () => {
    await using harness = await logOn(double.url);
    const { store } = harness;
    const { positions } = follow(store, ['stock']);
    await store.append(appendOf('stock-1'));
    await eventually('it is live', () => positions.length === 1);
    for (const open of double.subscriptions) open.isSilent = true;
    await append(store, 0, 450);
    await store.append(appendOf('stock-2'));
    await eventually('it got what it missed', () => positions.length === 2);
  });

  it('is left alone while there is nothing for it, and its position moves on past what it is not interested in', async () => {
    await using harness = await logOn(double.url);
    const { store } = harness;
    const { positions, subscription } = follow(store, ['stock']);
    for (const round of range(3)) {
      await append(store, 10 * round, 3);
      const end = await store.lastPosition();
      await eventually('its position is at the end', () => subscription.position >= end);
    }
    assert.deepEqual(positions, []);
    assert.equal(double.calls['subscribe'], 1);
  });

  it('keeps the server waiting for a slow subscriber instead of keeping the log in memory', async () => {
    await using harness = await logOn(double.url);
    const { store } = harness;
    await store.appendMany(range(400).map((number) => appendOf(`order-${number}`, -1, 25)));
    const gate = Promise.withResolvers<void>();
    let handled = 0;
    const subscription = store.subscribe({
      after: LOG_START,
      batchSize: 10,
      onEvents: async (events) => {
        await gate.promise;
        handled += events.length;
      },
    });
    await append(store, 1_000, 50);
    const end = await store.lastPosition();
    const [open] = double.subscriptions;
    assert.ok(open && open.sent < 5_000, `the server has sent ${open?.sent} events`);
    gate.resolve();
    await eventually('it has caught up', () => subscription.position === end);
    assert.equal(handled, 1 + 400 * 25 + 50);
  });

  it('closes in good time while the server is away', async () => {
    const harness = await logOn(double.url);
    const { subscription } = follow(harness.store);
    double.kill();
    await harness.store[Symbol.asyncDispose]();
    await subscription.done;
  });
});
