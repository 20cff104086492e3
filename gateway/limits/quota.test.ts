import assert from 'node:assert/strict';
import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { Quota } from './quota.ts';

const MINUTE = 60_000;
const opened = (shared?: KeyValue) => {
  const clock = manualClock();
  const store = shared ?? openInProcessKeyValue({ clock });
  let looks = 0;
  const counting: KeyValue = { ...store, increment: (...args) => (looks++, store.increment(...args)) };
  const quota = new Quota('partner', MINUTE, counting, clock);
  const takeMany = async (count: number, limit: number, key = 'acme') => {
    let allowed = 0;
    for (let i = 0; i < count; i++) if ((await quota.take(key, limit)).allowed) allowed++;
    return allowed;
  };
  return { clock, store, quota, takeMany, looks: () => looks };
};

describe('Quota', () => {
  for (const limit of [1, 3, 100, 250, 1_000])
    it(`allows exactly ${limit} requests a window`, async () => {
      const { clock, takeMany } = opened();
      assert.equal(await takeMany(limit + 50, limit), limit);
      await clock.advance(MINUTE - 1);
      assert.equal(await takeMany(5, limit), 0);
      await clock.advance(1);
      assert.equal(await takeMany(limit + 50, limit), limit);
    });

  it('counts every key for itself', async () => {
    const { takeMany } = opened();
    assert.equal(await takeMany(5, 3, 'a'), 3);
    assert.equal(await takeMany(5, 3, 'b'), 3);
  });

  it('says how many are left and when the window ends', async () => {
    const { clock, quota } = opened();
    const remaining = [];
    for (let i = 0; i < 4; i++) {
      const verdict = await quota.take('acme', 3);
      remaining.push([verdict.remaining, verdict.resetMs, verdict.allowed]);
      await clock.advance(1_000);
    }
    assert.deepEqual(remaining, [
      [2, 60_000, true],
      [1, 59_000, true],
      [0, 58_000, true],
      [0, 57_000, false],
    ]);
  });

  it('asks the shared store once in a hundred requests, and answers the others at once', async () => {
    const { quota, takeMany, looks } = opened();
    await takeMany(60_000, 60_000);
    assert.equal(looks(), 100);
    assert.equal((await quota.take('acme', 60_000)).allowed, false);
    assert.ok(!(quota.take('acme', 60_000) instanceof Promise));
  });

  it('asks once for however many requests arrive together', async () => {
    const { quota, looks } = opened();
    const verdicts = await Promise.all(Array.from({ length: 500 }, async () => quota.take('acme', 200)));
    assert.equal(verdicts.filter(({ allowed }) => allowed).length, 200);
    assert.ok(looks() <= 101, `${looks()} looks`);
  });

  it('shares one quota among processes', async () => {
    const first = opened();
    const second = new Quota('partner', MINUTE, first.store, first.clock);
    let allowed = 0;
    for (let i = 0; i < 200; i++) for (const quota of [first.quota, second]) if ((await quota.take('acme', 100)).allowed) allowed++;
    assert.equal(allowed, 100);
  });

  it('counts for itself when the store is away, and refuses nobody because of it', async () => {
    const broken = { increment: () => Promise.reject(new Error('away')) } as unknown as KeyValue;
    const { takeMany } = opened(broken);
    assert.equal(await takeMany(300, 250), 250);
  });

  it('takes a changed limit from the next share on', async () => {
    const { takeMany } = opened();
    assert.equal(await takeMany(10, 5), 5);
    assert.equal(await takeMany(10, 8), 3);
  });
});
