import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FairQueue } from './fair-queue.ts';

/** A task that runs until told to finish, and notes when it was started. */
const controlled = (queue: FairQueue, started: string[]) => {
  const running: { lane: string; finish: () => void }[] = [];
  const push = (lane: string, name: string) =>
    queue.push({
      lane,
      skip: () => started.push(`skipped ${name}`),
      run: () => {
        started.push(name);
        const { promise, resolve } = Promise.withResolvers<void>();
        running.push({ lane, finish: resolve });
        return promise;
      },
    });
  const finishOne = async () => {
    running.shift()!.finish();
    await new Promise(setImmediate);
  };
  return { push, finishOne, running };
};

describe('FairQueue', () => {
  it('takes the next task from the partner whose turn it is, however many the other has waiting', async () => {
    const started: string[] = [];
    const { push, finishOne } = controlled(new FairQueue({ concurrency: 1, perLane: 1 }), started);
    for (let i = 0; i < 1_000; i++) push('flood', `flood-${i}`);
    push('quiet', 'quiet-0');
    await finishOne();
    await finishOne();
    assert.ok(started.indexOf('quiet-0') <= 2, started.join());
  });

  it('leaves workers free rather than give one partner more than its cap', () => {
    const started: string[] = [];
    const { push } = controlled(new FairQueue({ concurrency: 10, perLane: 2 }), started);
    for (let i = 0; i < 5; i++) push('flood', `flood-${i}`);
    push('quiet', 'quiet-0');
    assert.deepEqual(started, ['flood-0', 'flood-1', 'quiet-0']);
  });

  it('skips what waits and waits for what runs when it is drained', async () => {
    const started: string[] = [];
    const queue = new FairQueue({ concurrency: 1, perLane: 1 });
    const { push, finishOne } = controlled(queue, started);
    push('a', 'first');
    push('a', 'second');
    let drained = false;
    const draining = queue.drain().then(() => (drained = true));
    await new Promise(setImmediate);
    assert.equal(drained, false);
    await finishOne();
    await draining;
    assert.deepEqual(started, ['first', 'skipped second']);
  });

  it('runs every task exactly once, each partner in its own order, never above a cap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 200 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        async (partners, concurrency, perLane) => {
          const started: string[] = [];
          const { push, finishOne, running } = controlled(new FairQueue({ concurrency, perLane }), started);
          partners.forEach((partner, index) => push(partner, `${partner}:${index}`));
          while (running.length > 0) {
            assert.ok(running.length <= concurrency);
            for (const partner of 'abc') assert.ok(running.filter((task) => task.lane === partner).length <= perLane);
            await finishOne();
          }
          assert.equal(started.length, partners.length);
          for (const partner of 'abc') {
            const indexes = started.filter((name) => name.startsWith(partner)).map((name) => Number(name.split(':')[1]));
            assert.deepEqual(
              indexes,
              indexes.toSorted((x, y) => x - y),
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
