import assert from 'node:assert/strict';
import { join } from 'node:path';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { HEALTHY, stockUp } from '../faults/campaign.ts';
import { Drill } from '../faults/drill.ts';
import { gatherEvidence, statsOf } from '../faults/evidence.ts';
import { IMPATIENT } from '../faults/fleet.ts';
import { brokenPromises } from '../faults/invariants.ts';
import { runLoad } from '../faults/load.ts';
import { type PreviousRelease, previousRelease, THIS_RELEASE } from '../support/previous-release.ts';

const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);
/** That wait for the ERP when a release is stopped. */
const WAITING = 20;

describe(`a data folder of the previous release (HUB_FAULTS_SEED=${seed})`, () => {
  let previous: PreviousRelease;
  before(function () {
    previous = previousRelease(this);
  });
  after(() => previous?.[Symbol.dispose]());

  it('is gone on with by this release, and by the previous one after it, with orders in flight each time', async () => {
    const random = seededRandom(seed);
    await using hub = await HubProcess.create({ env: { ...IMPATIENT }, erp: HEALTHY });
    const drill = new Drill(hub);
    const { demo, operator, witness } = drill;
    const run = (release: string) => hub.startAgain({}, [join(release, 'hub/bin/sagahub.mjs'), 'start', '--json']);
    /** Accepts orders that the ERP does not take yet, and ends in one of the two ways. */
    const leaveOrdersBehind = async (prefix: string, end: () => Promise<unknown>): Promise<void> => {
      await hub.erp.behave({ ...HEALTHY, outage: 'unavailable' });
      const stop = new AbortController();
      const load = runLoad({ demo, operator, witness, random, prefix: `S${seed}-${prefix}`, signal: stop.signal });
      await until(
        'orders waiting for the ERP',
        () => statsOf(drill),
        ({ inFlight }) => inFlight >= WAITING,
      );
      stop.abort();
      await load;
      await end();
      await hub.erp.behave(HEALTHY);
    };
    await run(previous.folder);
    await stockUp(drill);
    await leaveOrdersBehind('previous', () => hub.stop());
    await run(THIS_RELEASE);
    assert.deepEqual(brokenPromises(await gatherEvidence(drill, witness)), []);
    await leaveOrdersBehind('this', () => hub.kill());
    await run(previous.folder);
    assert.deepEqual(brokenPromises(await gatherEvidence(drill, witness)), []);
    await leaveOrdersBehind('again', () => hub.kill());
    await run(THIS_RELEASE);
    const evidence = await gatherEvidence(drill, witness);
    assert.deepEqual(brokenPromises(evidence), []);
    assert.ok(evidence.stats.accepted >= 3 * WAITING);
  });
});
