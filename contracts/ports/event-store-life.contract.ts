import assert from 'node:assert/strict';
import { ClosedError } from '../errors.ts';
import { eventually } from '../testing/eventually.ts';
import { appendOf, type OpenHarness, range } from './event-store-harness.contract.ts';
import { LOG_START } from './event-store.ts';

/** @param many orders of ten events each that the log has to hold */
export const lifeContract = (open: OpenHarness, many: number) => {
  it('goes on after a restart where it stopped, under the same names', async () => {
    await using harness = await open();
    const { store } = harness;
    const { logId, namespace } = store;
    await store.append(appendOf('order-1'));
    const before = await store.lastPosition();
    const reopened = await harness.reopen();
    assert.equal(reopened.logId, logId);
    assert.equal(reopened.namespace, namespace);
    assert.deepEqual(await reopened.append(appendOf('order-1', 0)), { revision: 1 });
    assert.ok((await reopened.lastPosition()) > before);
    assert.equal((await reopened.readAll({ after: LOG_START, limit: 10 })).length, 3);
  });

  it('settles what was asked before closing and refuses everything after it', async () => {
    await using harness = await open();
    const { store } = harness;
    const asked = range(500).map((number) => store.append(appendOf(`order-${number}`)));
    const closing = store[Symbol.asyncDispose]();
    await assert.rejects(store.append(appendOf('order-late')), ClosedError);
    const settled = await Promise.allSettled(asked);
    await closing;
    await store[Symbol.asyncDispose]();
    await assert.rejects(store.readStream('order-1'), ClosedError);
    await assert.rejects(store.readAll({ after: LOG_START, limit: 1 }), ClosedError);
    await assert.rejects(store.lastPosition(), ClosedError);
    assert.throws(() => store.subscribe({ after: LOG_START, onEvents: () => {} }), ClosedError);
    const reopened = await harness.reopen();
    for (const [number, { status }] of settled.entries()) {
      assert.equal(status, 'fulfilled');
      assert.equal((await reopened.readStream(`order-${number}`)).length, 1);
    }
    assert.deepEqual(await reopened.readStream('order-late'), []);
  });

  it(`holds ${(many * 10).toLocaleString('en')} events and delivers them all`, async function () {
    await using harness = await open();
    const { store } = harness;
    for (const chunk of range(many / 500))
      await store.appendMany(range(500).map((number) => appendOf(`order-${chunk * 500 + number}`, -1, 10)));
    let count = 0;
    let last = LOG_START;
    const subscription = store.subscribe({
      after: LOG_START,
      onEvents: (events) => {
        for (const { position } of events) {
          assert.ok(position > last);
          last = position;
        }
        count += events.length;
      },
    });
    const end = await store.lastPosition();
    await eventually('all events are delivered', () => subscription.position >= end);
    await subscription[Symbol.asyncDispose]();
    await subscription.done;
    assert.equal(count, many * 10 + 1);
    assert.equal((await store.readStream(`order-${many - 1}`)).length, 10);
  });
};
