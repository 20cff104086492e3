import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { systemClock } from './clock.ts';

describe('system clock', () => {
  it('is the computer clock', () => {
    const before = Date.now();
    const now = systemClock().now();
    assert.ok(before <= now && now <= Date.now());
  });

  it('never goes back, whatever is done to the computer clock', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 })), (moves) => {
        let wallMs = 1_000_000;
        const clock = systemClock(() => wallMs);
        let last = clock.now();
        for (const move of moves) {
          wallMs += move;
          const now = clock.now();
          assert.ok(now >= last, `went from ${last} to ${now}`);
          assert.ok(now >= wallMs, 'fell behind the computer clock');
          last = now;
        }
      }),
    );
  });

  it('goes on while the computer clock that was set back catches up, and then agrees with it', () => {
    let wallMs = 1_000_000;
    const clock = systemClock(() => wallMs);
    wallMs -= 1_000;
    assert.equal(clock.now(), 1_000_000);
    wallMs += 5_000;
    assert.equal(clock.now(), 1_004_500);
    wallMs += 5_000;
    assert.equal(clock.now(), wallMs);
  });

  it('goes on from where an earlier process was when the computer clock was set back in between', () => {
    let wallMs = 1_000_000;
    const clock = systemClock(() => wallMs);
    assert.equal(clock.resumeFrom(900_000), 0);
    assert.equal(clock.now(), 1_000_000);
    assert.equal(clock.resumeFrom(1_003_600), 3_600);
    assert.equal(clock.now(), 1_003_600);
    wallMs += 36_000;
    assert.equal(clock.now(), wallMs, 'they agree after ten times as long');
  });

  it('sleeps at least as long as asked', async () => {
    const startMs = performance.now();
    await systemClock().sleep(15);
    assert.ok(performance.now() - startMs >= 14);
  });

  it('wakes at once when the signal aborts, and lets go of the signal', async () => {
    const clock = systemClock();
    const controller = new AbortController();
    const asleep = clock.sleep(60_000, controller.signal);
    controller.abort();
    await asleep;
    await clock.sleep(60_000, controller.signal);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  });

  it('sleeps for longer than one timer can', async () => {
    const controller = new AbortController();
    let woken = false;
    const asleep = systemClock()
      .sleep(2 ** 32, controller.signal)
      .then(() => (woken = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(woken, false);
    controller.abort();
    await asleep;
  });

  it('does not keep the process alive', async () => {
    const script = `import { systemClock } from '${import.meta.resolve('./clock.ts')}'; void systemClock().sleep(60_000); console.log('end');`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 15_000 });
    assert.equal(stdout, 'end\n');
  });
});
