import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { Drill } from './drill.ts';
import { gatherEvidence, statsOf } from './evidence.ts';
import { brokenPromises } from './invariants.ts';

/** Attempts are used up at once, and the breaker stays closed. */
const ENV = { HUB_ERP_RETRY_DELAYS: '1ms', HUB_BREAKER_FAILURES: '1000000', HUB_BREAKER_MINIMUM_CALLS: '100000' };
const ORDERS = 3;

describe('evidence of a hub', () => {
  it('is gathered once its operator has redriven what got stuck, and nothing waits any more', async () => {
    await using hub = await HubProcess.start({ env: ENV, erp: { failureRate: 1 } });
    const drill = new Drill(hub);
    for (let order = 0; order < ORDERS; order++) await drill.post(`STUCK-${order}`);
    await until(
      'every order being stuck',
      () => statsOf(drill),
      ({ stuck }) => stuck === ORDERS,
    );
    await hub.erp.behave(WELL_BEHAVED);
    const evidence = await gatherEvidence(drill, drill.witness);
    assert.equal(evidence.stats.completed, ORDERS);
    assert.deepEqual(brokenPromises(evidence), []);
  });
});
