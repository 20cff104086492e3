import assert from 'node:assert/strict';
import { manualClock } from './manual-clock.ts';

describe('manual clock', () => {
  it('wakes sleepers in the order they are due, each at its own time', async () => {
    const clock = manualClock(1_000);
    const woken: [string, number][] = [];
    for (const [name, ms] of [
      ['late', 300],
      ['early', 100],
      ['never', 501],
    ] as const)
      void clock.sleep(ms).then(() => woken.push([name, clock.now()]));
    await clock.advance(500);
    assert.deepEqual(woken, [
      ['early', 1_100],
      ['late', 1_300],
    ]);
    assert.equal(clock.now(), 1_500);
    assert.equal(clock.sleepers, 1);
  });

  it('wakes a caller again that sleeps again within the span', async () => {
    const clock = manualClock(0);
    const ticks: number[] = [];
    const stop = new AbortController();
    const ticking = (async () => {
      while (!stop.signal.aborted) {
        await clock.sleep(100, stop.signal);
        ticks.push(clock.now());
      }
    })();
    await clock.advance(350);
    assert.deepEqual(ticks, [100, 200, 300]);
    stop.abort();
    await ticking;
    assert.equal(clock.sleepers, 0);
  });

  it('tells when enough callers are asleep', async () => {
    const clock = manualClock();
    const two = clock.sleeping(2);
    let told = false;
    void two.then(() => (told = true));
    void clock.sleep(1);
    await clock.advance(0);
    assert.equal(told, false);
    void clock.sleep(1);
    await two;
  });

  it('does not sleep at all when the signal has aborted already', async () => {
    const clock = manualClock();
    await clock.sleep(1_000, AbortSignal.abort());
    assert.equal(clock.sleepers, 0);
  });
});
