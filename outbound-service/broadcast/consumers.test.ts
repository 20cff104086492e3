import assert from 'node:assert/strict';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Append } from '@sagahub/contracts/ports/event-store.ts';
import { readConsumers, recordConsumers, settleConsumers, type Settling } from './consumers.ts';

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
  let begun: (readonly [string, bigint])[];
  beforeEach(() => {
    store = openStore();
    clock = manualClock();
    left = [];
    begun = [];
  });
  const settling: Settling = {
    begin: async (name, after) => void begun.push([name, after]),
    leave: async (name) => void left.push(name),
  };
  const LEDGER = { name: 'ledger', patterns: ['order.#'] };

  it('begin with what comes, or at their time, and are recorded once', async () => {
    const early = { name: 'early', patterns: ['#'], since: '2026-11-20T10:00:00Z' };
    const consumers = await settleConsumers({ store, clock }, [LEDGER, early], settling);
    assert.deepEqual([consumers.get('ledger')?.after, consumers.get('early')?.after], [100n, 40n]);
    assert.deepEqual(await settleConsumers({ store, clock }, [LEDGER, early], settling), consumers);
    assert.equal(store.events.length, 2);
  });

  it('begin anew when they come back, before that is recorded', async () => {
    await settleConsumers({ store, clock }, [LEDGER], settling);
    await settleConsumers({ store, clock }, [], settling);
    const back = { ...LEDGER, since: '2026-11-20T10:00:00Z' };
    await assert.rejects(
      settleConsumers({ store, clock }, [back], { ...settling, begin: () => Promise.reject(new Error('MongoDB is away')) }),
    );
    await settleConsumers({ store, clock }, [back], settling);
    assert.deepEqual(begun, [
      ['ledger', 100n],
      ['ledger', 40n],
    ]);
  });

  it('keep their place when their patterns change', async () => {
    await settleConsumers({ store, clock }, [LEDGER], settling);
    const consumers = await settleConsumers({ store, clock }, [{ name: 'ledger', patterns: ['payment.#'] }], settling);
    assert.deepEqual(consumers.get('ledger'), { patterns: ['payment.#'], after: 100n });
  });

  it('are gone only when they have left: what fails is done by the next start', async () => {
    await settleConsumers({ store, clock }, [LEDGER], settling);
    await assert.rejects(
      settleConsumers({ store, clock }, [], { ...settling, leave: () => Promise.reject(new Error('the broker is away')) }),
    );
    assert.equal((await settleConsumers({ store, clock }, [], settling)).size, 0);
    assert.deepEqual(left, ['ledger']);
    assert.equal((await settleConsumers({ store, clock }, [], settling)).size, 0);
    assert.deepEqual(left, ['ledger']);
  });

  it('never begin later than they did, whatever they are recovered from', async () => {
    await settleConsumers({ store, clock }, [LEDGER], settling);
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
