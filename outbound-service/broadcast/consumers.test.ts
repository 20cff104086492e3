import assert from 'node:assert/strict';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Append } from '@sagahub/contracts/ports/event-store.ts';
import { readConsumers, recordConsumers, settleConsumers } from './consumers.ts';

/** One stream in memory, at the end of a log of 100 events. */
const openStore = () => {
  const events: RecordedEvent[] = [];
  return {
    events,
    readStream: async () => [...events],
    append: async ({ expectedRevision, events: added }: Append) => {
      assert.equal(expectedRevision, events.length - 1);
      for (const event of added) events.push({ ...event, stream: 'consumers-configured', revision: events.length, position: 0n, hash: '' });
      return { revision: events.length - 1 };
    },
    lastPosition: async () => 100n,
    positionAt: async () => 40n,
  };
};

describe('consumers as the log knows them', () => {
  let store: ReturnType<typeof openStore>;
  let clock: ManualClock;
  let left: string[];
  beforeEach(() => {
    store = openStore();
    clock = manualClock();
    left = [];
  });
  const leave = async (name: string): Promise<void> => void left.push(name);
  const LEDGER = { name: 'ledger', patterns: ['order.#'] };

  it('begin with what comes, or at their time, and are recorded once', async () => {
    const early = { name: 'early', patterns: ['#'], since: '2026-11-20T10:00:00Z' };
    const consumers = await settleConsumers({ store, clock }, [LEDGER, early], leave);
    assert.deepEqual([consumers.get('ledger')?.after, consumers.get('early')?.after], [100n, 40n]);
    assert.deepEqual(await settleConsumers({ store, clock }, [LEDGER, early], leave), consumers);
    assert.equal(store.events.length, 2);
  });

  it('keep their place when their patterns change', async () => {
    await settleConsumers({ store, clock }, [LEDGER], leave);
    const consumers = await settleConsumers({ store, clock }, [{ name: 'ledger', patterns: ['payment.#'] }], leave);
    assert.deepEqual(consumers.get('ledger'), { patterns: ['payment.#'], after: 100n });
  });

  it('are gone only when they have left: what fails is done by the next start', async () => {
    await settleConsumers({ store, clock }, [LEDGER], leave);
    await assert.rejects(settleConsumers({ store, clock }, [], () => Promise.reject(new Error('the broker is away'))));
    assert.equal((await settleConsumers({ store, clock }, [], leave)).size, 0);
    assert.deepEqual(left, ['ledger']);
    assert.equal((await settleConsumers({ store, clock }, [], leave)).size, 0);
    assert.deepEqual(left, ['ledger']);
  });

  it('never begin later than they did, whatever they are recovered from', async () => {
    await settleConsumers({ store, clock }, [LEDGER], leave);
    const recover = async (after: string): Promise<bigint | undefined> => {
      const { revision } = await readConsumers(store);
      const data = { name: 'ledger', after, by: 'client:op', reason: 'a test' };
      await recordConsumers({ store, clock }, revision, [{ type: 'ConsumerRecoveryRequested', data }], { actor: 'client:op' });
      return (await readConsumers(store)).known.get('ledger')?.after;
    };
    assert.equal(await recover('70'), 70n);
    assert.equal(await recover('90'), 70n);
  });
});
