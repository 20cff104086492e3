import assert from 'node:assert/strict';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { drawFaults, isSingleKill, sketch } from './drawing.ts';

describe('faults of a round', () => {
  const seeds = Array.from({ length: 500 }, (_, seed) => seed);

  for (const hasKurrentDb of [false, true])
    for (const hasSmallDisk of [false, true]) {
      const outline = { hasKurrentDb, hasSmallDisk };
      it(`are the kill of one replica or engine and nothing else where a look at the seed says so (${JSON.stringify(outline)})`, () => {
        const site = sketch(outline);
        const kinds = seeds
          .filter((seed) => isSingleKill(seed, outline))
          .map((seed) => drawFaults(site, seededRandom(seed)).map(({ kind }) => kind));
        assert.deepEqual(new Set(kinds.map((drawn) => drawn.join())), new Set(['process killed', 'engine killed']));
        assert.ok(kinds.length > 30);
      });
    }

  it('are the same for the same seed', () => {
    const names = (seed: number) =>
      drawFaults(sketch({ hasKurrentDb: false, hasSmallDisk: true }), seededRandom(seed)).map(({ name }) => name);
    for (const seed of seeds) assert.deepEqual(names(seed), names(seed));
  });
});
