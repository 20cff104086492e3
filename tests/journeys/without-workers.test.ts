import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { eventTypes, journeyHub, orderIn, place } from './journey.ts';

describe('journey: a hub without workers', () => {
  const journey = journeyHub({ env: { HUB_WORKERS: 'false' } });

  it('accepts and shows orders, touches nothing, and has all of them done by the next start', async () => {
    const demo = journey.hub.client('demo');
    const orders = await Promise.all(Array.from({ length: 20 }, (_, i) => place(demo, anOrder(`LATER-${i}`))));
    for (const orderId of orders) await orderIn(demo, orderId, 'received');
    const ready = await fetch(`${journey.hub.managementUrl}/health/ready`);
    assert.equal(ready.status, 200);
    const { status, checks } = (await ready.json()) as { status: string; checks: Record<string, { output?: string }[]> };
    assert.equal(status, 'warn');
    assert.match(JSON.stringify(checks), /HUB_WORKERS=true/);
    assert.deepEqual(await eventTypes(journey.hub.client('auditor'), orders[0]!), ['OrderReceived']);
    assert.equal(journey.hub.erp.stats().ledger.effects, 0);

    await journey.hub.stop();
    await journey.hub.startAgain({ HUB_WORKERS: 'true' });
    for (const orderId of orders) await orderIn(demo, orderId, 'completed');
    assert.equal(journey.hub.erp.stats().ledger.effects, 20);
  });
});
