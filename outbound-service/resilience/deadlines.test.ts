import assert from 'node:assert/strict';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { CalledOff, Deadlines } from './deadlines.ts';

describe('deadlines', () => {
  it('aborts each call at its own time, with one sleeper for all of them', async () => {
    const clock = manualClock();
    const deadlines = new Deadlines(1_000, clock);
    const first = deadlines.start();
    await clock.advance(400);
    const second = deadlines.start();
    assert.equal(clock.sleepers, 1);
    await clock.advance(600);
    assert.deepEqual([first.signal.aborted, second.signal.aborted], [true, false]);
    assert.match(String(first.signal.reason), /no answer within 1000 ms/);
    await clock.advance(400);
    assert.equal(second.signal.aborted, true);
    assert.equal(clock.sleepers, 0);
  });

  it('leaves alone what ended in time', async () => {
    const clock = manualClock();
    const deadlines = new Deadlines(1_000, clock);
    const ended = deadlines.start();
    ended[Symbol.dispose]();
    await clock.advance(2_000);
    assert.equal(ended.signal.aborted, false);
    const later = deadlines.start();
    await clock.advance(1_000);
    assert.equal(later.signal.aborted, true);
  });

  it('calls everything off at once, and whatever is begun afterwards', async () => {
    const clock = manualClock();
    const deadlines = new Deadlines(1_000, clock);
    const running = deadlines.start();
    deadlines.callOff();
    assert.ok(running.signal.reason instanceof CalledOff);
    assert.ok(deadlines.start().signal.aborted);
    await clock.advance(0);
    assert.equal(clock.sleepers, 0);
  });
});
