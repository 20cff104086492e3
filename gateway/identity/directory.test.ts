import assert from 'node:assert/strict';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { EventStore, SubscribeOptions } from '@sagahub/contracts/ports/event-store.ts';
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
    for (const { directory } of gateways) assert.equal((await directory.client('admin')).status, 'active');
  });

  it('finds what another gateway added a moment ago, and adds to it, before it has heard of it', async () => {
    await using ground = await openGround();
    await using stack = new AsyncDisposableStack();
    const open = async (store: EventStore) =>
      stack.use(await startGateway(configOf(), { ...ground, store, telemetry: recordTelemetry() }, { services: [], version: '1.2.3' }));
    const hearsNothing = new Proxy(ground.store, {
      get: (store, name) => {
        if (name === 'subscribe') return (options: SubscribeOptions) => store.subscribe({ ...options, onEvents: () => {} });
        const value: unknown = Reflect.get(store, name);
        return typeof value === 'function' ? (value as () => unknown).bind(store) : value;
      },
    });
    const [{ directory: quick }, { directory: late }] = [await open(ground.store), await open(hearsNothing)];
    const by = { by: 'client:operator' };
    await quick.addPartner('acme', { name: 'Acme' }, by);
    const { client } = await late.addClient({ clientId: 'acme-1', partnerId: 'acme', scopes: ['orders:read'] }, by);
    assert.equal(client.partnerId, 'acme');
    await quick.addPartner('globex', { name: 'Globex' }, by);
    assert.equal((await late.suspend('globex', 'unpaid', by)).status, 'suspended');
    await assert.rejects(late.partner('nobody'), NotFoundError);
  });
});
