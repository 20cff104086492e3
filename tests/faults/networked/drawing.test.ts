import assert from 'node:assert/strict';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { drawFaults, isSingleKill } from './drawing.ts';
import type { NetworkedSite } from './site.ts';

const siteWith = (kurrentdb: object | undefined): NetworkedSite =>
  ({
    hub: {},
    erp: {},
    urls: {},
    links: { peers: ['PostgreSQL', 'Redis', 'RabbitMQ', 'MongoDB', 'ERP'], to: () => ({}) },
    engines: { postgres: {}, redis: {}, rabbitmq: {}, mongodb: {}, kurrentdb },
  }) as unknown as NetworkedSite;

describe('faults of a round', () => {
  const seeds = Array.from({ length: 500 }, (_, seed) => seed);

  for (const kurrentdb of [undefined, {}])
    it(`are the kill of one replica and nothing else where a look at the seed says so (${kurrentdb ? 'with' : 'without'} KurrentDB)`, () => {
      const site = siteWith(kurrentdb);
      const drawn = seeds.filter((seed) => {
        const faults = drawFaults(site, seededRandom(seed));
        return faults.length === 1 && faults[0]?.kind === 'process killed';
      });
      // Of two of one thing only one is taken: those seeds are passed over.
      assert.deepEqual(
        seeds.filter((seed) => isSingleKill(seed, kurrentdb !== undefined)).filter((seed) => !drawn.includes(seed)),
        [],
      );
      assert.ok(drawn.length > 30);
    });

  it('are the same for the same seed', () => {
    const names = (seed: number) => drawFaults(siteWith(undefined), seededRandom(seed)).map(({ name }) => name);
    for (const seed of seeds) assert.deepEqual(names(seed), names(seed));
  });
});
