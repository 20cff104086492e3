import assert from 'node:assert/strict';
import type { RecordedEvent } from '../events.ts';
import { eventually } from '../testing/eventually.ts';
import { appendOf, type OpenHarness, range, readLog } from './event-store-harness.contract.ts';
import { type EventStore, LOG_START, NO_STREAM, type SubscribeOptions } from './event-store.ts';

/** Appends to `streams` streams, `rounds` times each, all at once. */
const write = (store: EventStore, name: string, streams: number, rounds: number): Promise<unknown> =>
  Promise.all(
    range(streams).map(async (number) => {
      for (const round of range(rounds)) await store.append(appendOf(`order-${name}-${number}`, round * 2 - 1, 2));
    }),
  );

/** Subscribes and keeps what comes. */
const collect = (store: EventStore, options: Partial<SubscribeOptions> = {}) => {
  const received: RecordedEvent[] = [];
  const subscription = store.subscribe({
    after: LOG_START,
    ...options,
    onEvents: async (events) => {
      received.push(...events);
      await options.onEvents?.(events);
    },
  });
  return {
    received,
    subscription,
    reaches: (position: bigint) => eventually(`the subscription reaches ${position}`, () => subscription.position >= position),
  };
};

const positionsOf = (events: readonly RecordedEvent[]): bigint[] => events.map(({ position }) => position);

export const subscriptionContract = (open: OpenHarness) => {
  it('delivers every event once and in order to all subscribers while many write', async () => {
    await using harness = await open();
    const { store } = harness;
    await write(store, 'before', 5, 20);
    const middle = await store.lastPosition();
    const early = collect(store);
    const writing = write(store, 'during', 10, 30);
    const late = collect(store, { after: middle });
    const small = collect(store, { batchSize: 3 });
    await writing;
    const joined = collect(store);
    await write(store, 'after', 5, 10);
    const end = await store.lastPosition();
    for (const { reaches } of [early, late, small, joined]) await reaches(end);
    const log = await store.readAll({ after: LOG_START, limit: 10_000 });
    assert.equal(log.length, 1 + 5 * 40 + 10 * 60 + 5 * 20);
    for (const { received } of [early, small, joined]) assert.deepEqual(positionsOf(received), positionsOf(log));
    assert.deepEqual(
      positionsOf(late.received),
      positionsOf(log).filter((position) => position > middle),
    );
  });

  it('delivers exactly what reading gives, be it fresh or from the past', async () => {
    await using harness = await open();
    const { store } = harness;
    const live = collect(store);
    await write(store, 'a', 3, 3);
    await live.reaches(await store.lastPosition());
    const past = collect(store);
    await past.reaches(await store.lastPosition());
    const log = await store.readAll({ after: LOG_START, limit: 100 });
    assert.deepEqual(live.received, log);
    assert.deepEqual(past.received, log);
  });

  it('resumes behind a position, also after a restart', async () => {
    await using harness = await open();
    const { store } = harness;
    await write(store, 'a', 4, 5);
    const first = collect(store, { batchSize: 7 });
    await first.reaches(10n);
    await first.subscription[Symbol.asyncDispose]();
    const { position } = first.subscription;
    assert.equal(position, first.received.at(-1)?.position);
    const reopened = await harness.reopen();
    const second = collect(reopened, { after: position });
    await write(reopened, 'b', 2, 2);
    await second.reaches(await reopened.lastPosition());
    assert.deepEqual([...first.received, ...second.received], await reopened.readAll({ after: LOG_START, limit: 1_000 }));
  });

  it('hands over a batch only after the one before is done, and lets nobody else wait for a slow subscriber', async () => {
    await using harness = await open();
    const { store } = harness;
    const batches: RecordedEvent[][] = [];
    let goOn = Promise.withResolvers<void>();
    let atWork = 0;
    const slow = collect(store, {
      batchSize: 100,
      onEvents: async (events) => {
        atWork += 1;
        assert.equal(atWork, 1);
        batches.push([...events]);
        await goOn.promise;
        atWork -= 1;
      },
    });
    await eventually('the slow subscriber has a batch in hand', () => batches.length === 1);
    const quick = collect(store);
    await write(store, 'a', 50, 12);
    const end = await store.lastPosition();
    await quick.reaches(end);
    assert.equal(batches.length, 1, 'it got nothing while it was at work');
    assert.ok(slow.subscription.position < (batches[0]?.at(-1)?.position ?? 0n), 'its position is that of what it has finished');
    goOn.resolve();
    goOn = Promise.withResolvers();
    goOn.resolve();
    await slow.reaches(end);
    assert.ok(batches.every(({ length }) => length <= 100));
    assert.deepEqual(positionsOf(slow.received), positionsOf(quick.received));
  });

  it('delivers the categories asked for, and moves past the others', async () => {
    await using harness = await open();
    const { store } = harness;
    const mixed = (from: number) =>
      store.appendMany(range(30).map((number) => appendOf(`${['order', 'delivery', 'stock'][number % 3]}-${from + number}`)));
    await mixed(0);
    const { received, reaches } = collect(store, { categories: ['order', 'stock'], batchSize: 4 });
    await mixed(100);
    await reaches(await store.lastPosition());
    assert.deepEqual(received, await readLog(store, { categories: ['order', 'stock'] }));
    assert.equal(received.length, 40);
    const none = collect(store, { categories: ['breaker'] });
    await none.reaches(await store.lastPosition());
    assert.deepEqual(none.received, []);
  });

  it('ends a subscription whose handler throws, and no other', async () => {
    await using harness = await open();
    const { store } = harness;
    const failing = collect(store, {
      batchSize: 2,
      onEvents: (events) => {
        if (events.some(({ position }) => position > 3n)) throw new Error('cannot go on');
      },
    });
    const other = collect(store);
    await write(store, 'a', 3, 3);
    await assert.rejects(failing.subscription.done, /cannot go on/);
    const { position } = failing.subscription;
    await write(store, 'b', 3, 3);
    await other.reaches(await store.lastPosition());
    assert.equal(failing.subscription.position, position);
    assert.ok(positionsOf(failing.received).filter((received) => received > position).length <= 2, 'nothing came after the failed batch');
    await failing.subscription[Symbol.asyncDispose]();
  });

  it('finishes the batch in hand when disposed, and delivers nothing afterwards', async () => {
    await using harness = await open();
    const { store } = harness;
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { received, subscription } = collect(store, {
      onEvents: async () => {
        begun.resolve();
        await goOn.promise;
      },
    });
    await begun.promise;
    let disposed = false;
    const disposing = subscription[Symbol.asyncDispose]().then(() => {
      disposed = true;
    });
    await write(store, 'a', 2, 2);
    assert.equal(disposed, false);
    goOn.resolve();
    await disposing;
    await subscription.done;
    assert.equal(received.length, 1);
    assert.equal(subscription.position, received[0]?.position);
  });

  it('waits for the first event behind a position far beyond the end', async () => {
    await using harness = await open();
    const { store } = harness;
    const far = collect(store, { after: 2n ** 60n });
    const near = collect(store);
    await store.append(appendOf('order-1', NO_STREAM, 2));
    await near.reaches(await store.lastPosition());
    assert.deepEqual(far.received, []);
    assert.equal(far.subscription.position, 2n ** 60n);
  });

  it('ends when the store closes', async () => {
    await using harness = await open();
    const { subscription, reaches } = collect(harness.store);
    await reaches(await harness.store.lastPosition());
    await harness.store[Symbol.asyncDispose]();
    await subscription.done;
  });
};
