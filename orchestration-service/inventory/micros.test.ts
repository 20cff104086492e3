import assert from 'node:assert/strict';
import { fromMicros, toMicros } from './micros.ts';

describe('micros', () => {
  it('are exact both ways, signs and trailing zeros included', () => {
    for (const [amount, micros, canonical] of [
      ['0', 0n, '0'],
      ['3', 3_000_000n, '3'],
      ['2.50', 2_500_000n, '2.5'],
      ['0.000001', 1n, '0.000001'],
      ['-0.5', -500_000n, '-0.5'],
      ['-12', -12_000_000n, '-12'],
      ['999999999999.999999', 999_999_999_999_999_999n, '999999999999.999999'],
    ] as const) {
      assert.equal(toMicros(amount), micros);
      assert.equal(fromMicros(micros), canonical);
    }
  });
});
