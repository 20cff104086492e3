import assert from 'node:assert/strict';
import { sumOf } from '@sagahub/contracts/money.ts';
import fc from 'fast-check';
import { formatAmount, parseAmount } from './amount.ts';

describe('amount', () => {
  it('reads and writes millionths exactly, without superfluous zeros', () => {
    for (const [text, millionths] of [
      ['0', 0n],
      ['12.5', 12_500_000n],
      ['0.000001', 1n],
      ['999999999999.999999', 999_999_999_999_999_999n],
    ] as const) {
      assert.equal(parseAmount(text), millionths);
      assert.equal(formatAmount(millionths), text);
    }
    assert.equal(parseAmount('3.500000'), 3_500_000n);
    assert.equal(formatAmount(-250_000n), '-0.25');
  });

  it('adds as decimals do', () => {
    const amount = fc
      .tuple(fc.bigInt({ min: 0n, max: 999_999_999_999n }), fc.stringMatching(/^(\.\d{1,6})?$/))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        assert.equal(formatAmount(parseAmount(a) + parseAmount(b)), sumOf([a, b]));
        assert.equal(sumOf([formatAmount(parseAmount(a) - parseAmount(b)), b]), sumOf([a]));
      }),
    );
  });
});
