import assert from 'node:assert/strict';
import { busyShare, cpuTimes, inShort, timed, timesOf, told } from './summary.ts';

describe('the end of a test run', () => {
  const failure = { title: 'a hub does', reason: 'AssertionError: no\n    at hub.ts:1\ncaused by Error: why', context: 'it printed\nthis' };

  it('shows of a failure its title, its error to the last cause, and what else is known of it', () => {
    assert.equal(
      told(failure),
      'FAILED a hub does\n    AssertionError: no\n        at hub.ts:1\n    caused by Error: why\n    it printed\n    this',
    );
  });

  it('shows the beginning of an error that is long, and how much is left out', () => {
    assert.match(told({ title: 'a', reason: `Error: ${'x'.repeat(10_000)}` }), /^FAILED a\n {4}Error: x+ … \(7507 more\)$/);
  });

  it('lists each failure with the first line of its error', () => {
    assert.equal(inShort(failure), '  a hub does\n    AssertionError: no');
    assert.equal(inShort({ title: 'nothing is known', reason: '' }), '  nothing is known');
  });

  it('tells how busy the processors were', () => {
    assert.equal(busyShare({ idleMs: 100, allMs: 1_000 }, { idleMs: 200, allMs: 1_400 }), 0.75);
    assert.equal(busyShare({ idleMs: 1, allMs: 2 }, { idleMs: 1, allMs: 2 }), 0);
    const { idleMs, allMs } = cpuTimes();
    assert.ok(idleMs > 0 && allMs > idleMs);
  });

  it('tells how long each task took, and which suites were the slowest', async () => {
    const took = new Map<string, number>();
    const outcome = { passed: 1, failed: [], skipped: [] };
    assert.deepEqual(await timed({ name: 'unit', run: async () => outcome }, took).run(() => {}), outcome);
    assert.ok(took.get('unit')! >= 0);
    const suites = Array.from({ length: 20 }, (_, index) => ({ title: `suite ${index}`, tookMs: index * 1_000 }));
    const lines = timesOf(new Map([['unit', 12.34]]), 0.756, suites).split('\n');
    assert.deepEqual(lines.slice(0, 4), [
      'Time, with processors 76 % busy:',
      '    12.3 s  unit',
      'Slowest suites:',
      '    19.0 s  suite 19',
    ]);
    assert.equal(lines.length, 15);
  });
});
