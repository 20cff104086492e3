import assert from 'node:assert/strict';
import { configOf, openGround } from '../testing/site.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { startGateway } from '../service.ts';

describe('the directory of partners and clients', () => {
  it('makes sure of one and the same first client although several gateways start at once', async () => {
    await using ground = await openGround();
    await using stack = new AsyncDisposableStack();
    const options = { services: [], version: '1.2.3' };
    const gateways = await Promise.all(
      [1, 2, 3].map(async () => stack.use(await startGateway(configOf(), { ...ground, telemetry: recordTelemetry() }, options))),
    );
    const client = { clientId: 'admin', partnerId: 'hub', scopes: ['admin'], secret: 'a secret of sufficient length' } as const;
    await Promise.all(gateways.map(({ directory }) => directory.ensureClient(client)));
    const events = await ground.store.readStream('client-admin');
    assert.equal(events.filter(({ type }) => type === 'ClientAdded').length, 1);
    for (const { directory } of gateways) assert.equal(directory.client('admin').status, 'active');
  });
});
