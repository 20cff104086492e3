import assert from 'node:assert/strict';
import { Patience } from './patience.ts';
import { manualClock } from './testing/manual-clock.ts';

describe('the patience of a leader', () => {
  it('is lost when nothing has gone well for ten seconds since the first failure', async () => {
    const clock = manualClock();
    const patience = new Patience(clock);
    const lost: boolean[] = [];
    for (const waitMs of [3_600_000, 9_999, 1]) {
      await clock.advance(waitMs);
      lost.push(patience.isLost());
    }
    assert.deepEqual(lost, [false, false, true]);
  });

  it('counts anew from a failure long after the last one: nothing needed to go well in between', async () => {
    const clock = manualClock();
    const patience = new Patience(clock);
    patience.isLost();
    await clock.advance(30_001);
    assert.equal(patience.isLost(), false);
    await clock.advance(9_999);
    assert.equal(patience.isLost(), false);
    await clock.advance(1);
    assert.equal(patience.isLost(), true);
  });

  it('lasts through tries that hang for long', async () => {
    const clock = manualClock();
    const patience = new Patience(clock);
    patience.isLost();
    await clock.advance(20_000);
    assert.equal(patience.isLost(), true);
  });

  it('is whole again once something went well', async () => {
    const clock = manualClock();
    const patience = new Patience(clock);
    patience.isLost();
    await clock.advance(9_999);
    patience.regain();
    assert.equal(patience.isLost(), false);
    await clock.advance(9_999);
    assert.equal(patience.isLost(), false);
  });
});
