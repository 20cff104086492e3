import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { inParallel, type Outcome } from './tasks.ts';

const passed = (count: number) => ({ passed: count, failed: [], skipped: [] });

describe('test tasks', () => {
  it('run as many at once as asked, and print whole, in order', async () => {
    const printed: string[] = [];
    let active = 0;
    let most = 0;
    const task = (name: string, turns: number) => ({
      name,
      run: async (print: (text: string) => void) => {
        most = Math.max(most, (active += 1));
        for (let turn = 0; turn < turns; turn++) {
          print(`${name}${turn} `);
          await setImmediate();
        }
        active -= 1;
        return passed(turns);
      },
    });
    const outcomes = await inParallel([task('a', 5), task('b', 1), task('c', 2)], 2, { write: (text) => printed.push(text) });
    assert.equal(most, 2);
    assert.equal(printed.join('').replaceAll('\n', ' ').trim(), '=== a a0 a1 a2 a3 a4  === b b0  === c c0 c1');
    assert.deepEqual(outcomes, [passed(5), passed(1), passed(2)]);
  });

  it('count a task that throws as a failure of its name, and go on', async () => {
    const broken = { name: 'broken', run: () => Promise.reject(new Error('no such script')) };
    const outcomes = await inParallel([broken, { name: 'fine', run: async () => passed(3) }], 1, { write: () => {} });
    const [{ failed }, fine] = outcomes as [Outcome, Outcome];
    assert.deepEqual(
      failed.map(({ title }) => title),
      ['broken'],
    );
    assert.match(failed[0]!.reason, /^Error: no such script\n +at /);
    assert.deepEqual(fine, passed(3));
  });

  it('do not begin once the run is told to end, and what has ended counts', async () => {
    const end = new AbortController();
    const last = { name: 'last', run: async () => (end.abort(new Error('no time left')), passed(2)) };
    const never = { name: 'never', run: async () => passed(1) };
    const outcomes = await inParallel([last, never], 1, { write: () => {}, signal: end.signal });
    assert.deepEqual(outcomes[0], passed(2));
    assert.deepEqual(
      outcomes[1]?.failed.map(({ title, reason }) => [title, reason.split('\n')[0]]),
      [['never', 'Error: no time left']],
    );
  });
});
