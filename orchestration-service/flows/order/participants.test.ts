import assert from 'node:assert/strict';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { batched } from './batching.ts';
import { openMsBetween } from './breaker-history.ts';
import { orderParticipants } from './participants.ts';

describe('batching', () => {
  const collecting = (fail: (batch: readonly number[]) => Error | undefined = () => undefined) => {
    const batches: (readonly number[])[] = [];
    const run = (batch: readonly number[]) => {
      batches.push(batch);
      const error = fail(batch);
      return error ? Promise.reject(error) : Promise.resolve(batch.map((n) => n * 10));
    };
    return { batches, run };
  };

  it('sends what is asked in one turn together, and answers each its own', async () => {
    const { batches, run } = collecting();
    const ask = batched(run);
    assert.deepEqual(await Promise.all([ask(1), ask(2), ask(3)]), [10, 20, 30]);
    assert.equal(await ask(4), 40);
    assert.deepEqual(batches, [[1, 2, 3], [4]]);
  });

  it('splits more than a batch holds', async () => {
    const { batches, run } = collecting();
    const ask = batched(run, { maxBatch: 2 });
    await Promise.all([1, 2, 3].map(ask));
    assert.deepEqual(batches, [[1, 2], [3]]);
  });

  it('lets a bad request fail alone', async () => {
    const { run } = collecting((batch) => (batch.includes(2) ? new RangeError('2 is no amount') : undefined));
    const results = await Promise.allSettled([1, 2, 3].map(batched(run)));
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error).message)),
      [10, '2 is no amount', 30],
    );
  });

  it('tries nobody alone while the store is away', async () => {
    const { batches, run } = collecting(() => new UnavailableError('HUB_X', 'away'));
    const results = await Promise.allSettled([1, 2, 3].map(batched(run)));
    assert.ok(results.every(({ status }) => status === 'rejected'));
    assert.equal(batches.length, 1);
  });
});

describe('breaker history', () => {
  const opened = (timeMs: number) => ({ type: 'BreakerOpened', timeMs }) as const;
  const closed = (timeMs: number) => ({ type: 'BreakerClosed', timeMs }) as const;

  it('counts what lies between the two moments', () => {
    assert.equal(openMsBetween([], 100, 200), 0);
    assert.equal(openMsBetween([opened(110), closed(130), opened(150), closed(160)], 100, 200), 30);
    assert.equal(openMsBetween([opened(50), closed(120), opened(190), closed(300)], 100, 200), 30);
    assert.equal(openMsBetween([opened(10), closed(20), opened(300), closed(400)], 100, 200), 0);
  });

  it('counts a breaker that is still open', () => assert.equal(openMsBetween([opened(10)], 100, 200), 100));

  it('counts from the first of several openings, and ignores closing a closed one', () =>
    assert.equal(openMsBetween([closed(90), opened(110), opened(120), closed(130), closed(140)], 100, 200), 20));
});

describe('order participants', () => {
  const released: string[][] = [];
  const holds = (outcome: object) => ({
    reserve: (batch: readonly unknown[]) => Promise.resolve(batch.map(() => outcome)),
    redeem: (batch: readonly unknown[]) => Promise.resolve(batch.map(() => outcome)),
    release: (holders: readonly string[]) => Promise.resolve(void released.push([...holders])),
  });
  const participants = orderParticipants({
    stock: holds({ kind: 'reserved' }),
    discounts: holds({ kind: 'applied', percent: '10' }),
    store: {
      readStream: (stream: string) =>
        Promise.resolve([
          { type: 'BreakerOpened', stream, metadata: { time: '2026-11-20T10:00:00.000Z' } },
          { type: 'BreakerClosed', stream, metadata: { time: '2026-11-20T10:01:00.000Z' } },
        ]),
    },
  } as unknown as Ports);

  it('answer for stock, discount and the breaker’s history', async () => {
    const reservation = { holder: 'o', items: [] };
    assert.deepEqual(await participants['stock']!({ kind: 'reserve', reservation }), { kind: 'reserved' });
    const redemption = { holder: 'o', code: 'c', at: '' };
    assert.deepEqual(await participants['discount']!({ kind: 'redeem', redemption }), { kind: 'applied', percent: '10' });
    const untilMs = Date.parse('2026-11-20T11:00:00.000Z');
    assert.deepEqual(await participants['breaker-history']!({ connector: 'erp', sinceMs: 0, untilMs }), { openMs: 60_000 });
  });

  it('release many holders in one call', async () => {
    await Promise.all(['a', 'b'].map((holder) => participants['stock']!({ kind: 'release', holder })));
    assert.deepEqual(released, [['a', 'b']]);
  });
});
