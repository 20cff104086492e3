import assert from 'node:assert/strict';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { gatherEvidence } from './evidence.ts';
import { HubHere } from './hub-here.ts';
import { brokenPromises } from './invariants.ts';

const DAY_MS = 86_400_000;

describe('a clock that is set back while the hub is off', () => {
  it('holds up nothing: what waited for a retry goes on, once, and new orders come behind the old ones', async () => {
    await using hub = await HubHere.start({ erp: { outage: 'unavailable' }, env: { HUB_BREAKER_OPEN: '1s' } });
    const waiting = await hub.post('PO-1');
    await hub.orderIn(waiting, 'waiting');
    await hub.stop();
    hub.leap(-DAY_MS);
    await hub.erp.behave(WELL_BEHAVED);
    await hub.startAgain();
    const fresh = await hub.post('PO-2');
    await hub.orderIn(fresh, 'completed');
    assert.match(hub.log, /the clock is behind the log/);
    await until(
      'the order that waited',
      async () => {
        hub.leap(1_000);
        return (await hub.demo.get(`/api/v1/orders/${waiting}`)).body;
      },
      ({ status }) => status === 'completed',
    );
    assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
    const receivedAt = async (orderId: string): Promise<string> => (await hub.demo.get(`/api/v1/orders/${orderId}`)).body.receivedAt;
    assert.ok((await receivedAt(fresh)) > (await receivedAt(waiting)), 'what came later is later');
  });
});
