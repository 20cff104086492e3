import assert from 'node:assert/strict';
import { LogOutOfReachError, watchLog } from './log-watch.ts';
import { manualClock } from './testing/manual-clock.ts';

describe('the watch beside a subscription', () => {
  const watching = () => {
    const clock = manualClock();
    const log = { isAway: false, looks: 0 };
    const lastPosition = () => {
      log.looks += 1;
      return log.isAway ? Promise.reject(new Error('away')) : Promise.resolve(0n);
    };
    return { clock, log, watch: watchLog({ store: { lastPosition }, clock }) };
  };

  it('tells when the log has not answered for ten seconds', async () => {
    const { clock, log, watch } = watching();
    await clock.sleeping(1);
    log.isAway = true;
    const lost = assert.rejects(watch.lost, LogOutOfReachError);
    for (let looks = 0; looks < 2; looks += 1) {
      await clock.sleeping(1);
      await clock.advance(5_000);
    }
    await lost;
  });

  it('bears two looks that fail, when one between them does not', async () => {
    const { clock, log, watch } = watching();
    let isLost = false;
    watch.lost.catch(() => (isLost = true));
    for (const isAway of [true, false, true, false]) {
      log.isAway = isAway;
      await clock.sleeping(1);
      await clock.advance(5_000);
    }
    await clock.sleeping(1);
    assert.equal(isLost, false);
  });

  it('looks no more once it is disposed', async () => {
    const { clock, log, watch } = watching();
    await clock.sleeping(1);
    watch[Symbol.dispose]();
    const { looks } = log;
    await clock.advance(60_000);
    assert.equal(log.looks, looks);
  });
});
