import assert from 'node:assert/strict';
import { percentilesOf, shown } from './percentiles.ts';

describe('percentiles', () => {
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

  it('are values that were measured, by nearest rank, in whatever order they came', () => {
    const shuffled = upTo(200).toSorted((a, b) => ((a * 7919) % 200) - ((b * 7919) % 200));
    assert.deepEqual(percentilesOf(shuffled), { count: 200, p50: 100, p95: 190, p99: 198, max: 200 });
    assert.deepEqual(percentilesOf(upTo(3)), { count: 3, p50: 2, p95: 3, p99: 3, max: 3 });
    assert.deepEqual(percentilesOf([7.5]), { count: 1, p50: 7.5, p95: 7.5, p99: 7.5, max: 7.5 });
  });

  it('show one slow request in a hundred and one only in the maximum', () => {
    const latencies = [...upTo(100).fill(1), 5_000];
    const { p99, max } = percentilesOf(latencies);
    assert.deepEqual({ p99, max }, { p99: 1, max: 5_000 });
  });

  it('are zero when nothing was measured', () => {
    assert.deepEqual(percentilesOf([]), { count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });

  it('show a digit more below ten milliseconds', () => {
    assert.equal(shown({ count: 1, p50: 1.25, p95: 9.96, p99: 123.4, max: 200 }), '1.3 / 10.0 / 123');
  });
});
