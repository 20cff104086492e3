import assert from 'node:assert/strict';
import { until } from '@sagahub/hub/harness/until.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { gatherEvidence, statsOf } from './evidence.ts';
import { HubHere } from './hub-here.ts';
import { brokenPromises } from './invariants.ts';
import { replacing, withPort } from './seams.ts';

/** Longer than a hinted step is left alone before it is hinted again. */
const LEASE_MS = 60_000;

describe('hints that are lost', () => {
  for (const [title, share] of [
    ['all of them, for a while', 1],
    ['most of them, all the time', 0.8],
  ] as const)
    it(`${title}: everything completes, later`, async () => {
      const random = seededRandom(1);
      let lossy = true;
      let lost = 0;
      const bus = withPort('bus', (inner) =>
        replacing(inner, {
          publish: (hints) => {
            const kept = hints.filter(() => !lossy || random() >= share);
            lost += hints.length - kept.length;
            return inner.publish(kept);
          },
        }),
      );
      await using hub = await HubHere.start(bus);
      for (let order = 0; order < 25; order++) await hub.post(`PO-${order}`);
      await until(
        'hints being lost',
        async () => lost,
        (count) => count >= 20,
      );
      if (share === 1) {
        hub.leap(LEASE_MS);
        await until(
          'the same hints being lost again',
          async () => lost,
          (count) => count >= 50,
        );
        assert.equal((await statsOf(hub)).inFlight, 25);
        lossy = false;
      }
      await until(
        'every order completing',
        async () => {
          hub.leap(LEASE_MS);
          return statsOf(hub);
        },
        ({ completed }) => completed === 25,
      );
      assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
    });
});
