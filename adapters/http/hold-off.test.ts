import assert from 'node:assert/strict';
import fc from 'fast-check';
import { spread } from './hold-off.ts';

describe('connections that are held off', () => {
  it('come back one after the other, each within its time, however many there were before', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 20, max: 500 }), (first, count) => {
        const backAtMs = Array.from({ length: count }, (_, index) => spread(1_000, first + index)).toSorted((a, b) => a - b);
        assert.ok(backAtMs[0]! >= 500 && backAtMs.at(-1)! <= 1_000);
        const gapsMs = backAtMs.slice(1).map((ms, index) => ms - backAtMs[index]!);
        assert.ok(Math.max(...gapsMs) <= (3 * 500) / count, `a gap of ${Math.max(...gapsMs)} ms between ${count}`);
        const evenMs = 500 / count;
        assert.ok(Math.min(...gapsMs) >= evenMs / 3, `${Math.min(...gapsMs)} ms apart, of ${evenMs}`);
      }),
    );
  });
});
