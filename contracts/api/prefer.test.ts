import assert from 'node:assert/strict';
import { waitSecondsOf } from './prefer.ts';

describe('Prefer: wait', () => {
  const cases: readonly [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['wait=10', 10],
    ['respond-async, wait=10', 10],
    ['WAIT = "7" ; foo=bar', 7],
    ['wait=5, wait=20', 5],
    ['wait=600', 30],
    ['wait=0', undefined],
    ['wait=soon', undefined],
    ['wait=-1', undefined],
    ['wait', undefined],
    ['await=5', undefined],
    ['return=minimal', undefined],
  ];
  for (const [sent, seconds] of cases)
    it(`reads ${sent} as ${seconds}`, () => {
      assert.equal(waitSecondsOf(sent, 30), seconds);
    });
});
