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

  /** A computer's clock that is set, and time that passes. */
  const settable = () => {
    let wallMs = 1_000_000;
    let elapsedMs = 0;
    return {
      clock: systemClock(
        () => Math.floor(wallMs),
        () => elapsedMs,
      ),
      wallMs: () => wallMs,
      set: (ms: number) => void (wallMs += ms),
      pass: (ms: number) => {
        wallMs += ms;
        elapsedMs += ms;
      },
    };
  };

  it('never goes back, whatever is done to the computer clock', () => {
    const moves = fc.array(fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.nat(5_000)));
    fc.assert(
      fc.property(moves, (drawn) => {
        const { clock, set, pass, wallMs } = settable();
        let last = clock.now();
        for (const [setMs, passedMs] of drawn) {
          set(setMs);
          if (setMs % 2 === 0) clock.now();
          pass(passedMs);
          const now = clock.now();
          assert.ok(now >= last, `went from ${last} to ${now}`);
          assert.ok(now >= wallMs(), 'fell behind the computer clock');
          last = now;
        }
      }),
    );
  });

  it('loses a tenth of the time then, however often it is asked', () => {
    const { clock, set, pass } = settable();
    set(-5_000);
    const began = clock.now();
    for (let asked = 0; asked < 10_000; asked += 1) {
      pass(0.1);
      clock.now();
    }
    const passed = clock.now() - began;
    assert.ok(passed >= 890 && passed <= 910, `${passed} ms of 1,000`);
  });

  it('goes on while the computer clock that was set back catches up, and then agrees with it', () => {
    const { clock, set, pass, wallMs } = settable();
    set(-1_000);
    assert.equal(clock.now(), 1_000_000);
    pass(5_000);
    assert.equal(clock.now(), 1_004_500);
    pass(5_000);
    assert.equal(clock.now(), wallMs());
  });

  it('agrees with the computer clock again when what set that back is taken back', () => {
    const { clock, set, pass, wallMs } = settable();
    set(-3_600_000);
    clock.now();
    pass(2_000);
    clock.now();
    set(3_600_000);
    assert.equal(clock.now(), wallMs());
  });

  it('follows at once when the computer clock is set forward', () => {
    const { clock, set, wallMs } = settable();
    set(60_000);
    assert.equal(clock.now(), wallMs());
  });

  it('goes on from where an earlier process was when the computer clock was set back in between', () => {
    const { clock, pass, wallMs } = settable();
    assert.equal(clock.resumeFrom(900_000), 0);
    assert.equal(clock.now(), 1_000_000);
    assert.equal(clock.resumeFrom(1_003_600), 3_600);
    assert.equal(clock.now(), 1_003_600);
    pass(36_000);
    assert.equal(clock.now(), wallMs(), 'they agree after ten times as long');
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
