import assert from 'node:assert/strict';
import { fingerprint } from './fingerprint.ts';

describe('fingerprint', () => {
  it('is the same for ever: it stands in every database', () => {
    assert.equal(fingerprint(''), 3338908027751811);
    assert.equal(fingerprint('order-1'), 3613026428742626);
    assert.equal(fingerprint('order-7f1c8a52-6a0e-5d1b-9a55-0d6c4e1f2a3b'), 5265377798551195);
    assert.equal(fingerprint('Zoë 🚢'), 971571561040577);
  });

  it('stays within 53 bits and tells 200,000 similar names apart', () => {
    const seen = new Set<number>();
    for (let number = 0; number < 200_000; number += 1) {
      const mark = fingerprint(`order-${number}`);
      assert.ok(Number.isSafeInteger(mark) && mark >= 0);
      seen.add(mark);
    }
    assert.equal(seen.size, 200_000);
  });
});
