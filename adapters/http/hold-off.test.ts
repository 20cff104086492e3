import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { mock } from 'node:test';
import fc from 'fast-check';
import { holdOff, spread } from './hold-off.ts';

describe('connections that are held off', () => {
  it('come back one after the other, each within its time, however many there were before', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 20, max: 500 }), (first, count) => {
        const backAtMs = Array.from({ length: count }, (_, index) => spread(1_000, first + index)).toSorted((a, b) => a - b);
        assert.ok(backAtMs[0]! >= 500 && backAtMs.at(-1)! <= 1_000);
        const gapsMs = backAtMs.slice(1).map((ms, index) => ms - backAtMs[index]!);
        const evenMs = 500 / count;
        assert.ok(Math.max(...gapsMs) <= 3 * evenMs && Math.min(...gapsMs) >= evenMs / 3, gapsMs.join());
      }),
    );
  });

  describe('at the same moment', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setImmediate', 'setTimeout'] }));
    afterEach(() => mock.timers.reset());

    /** @returns how many have come back within each 50 ms since they were held off */
    const returns = (count: number, ms: number): readonly number[] => {
      let back = 0;
      const socket = { destroyed: false, pause: () => {}, resume: () => (back += 1) } as unknown as Socket;
      for (let index = 0; index < count; index++) holdOff(socket, ms);
      mock.timers.tick(0);
      return Array.from({ length: 21 }, () => {
        const before = back;
        mock.timers.tick(50);
        return back - before;
      });
    };

    it('come back evenly in the second half of a second', () => {
      const back = returns(100, 2_000);
      assert.equal(
        back.reduce((sum, each) => sum + each, 0),
        100,
      );
      assert.deepEqual(
        back.slice(0, 9).filter((each) => each > 0),
        [],
      );
      assert.ok(Math.max(...back) <= 15, back.join());
    });

    it('come back no later than they were told to', () => {
      assert.equal(returns(100, 200)[3], 100);
    });
  });
});
