import assert from 'node:assert/strict';
import type { HubStats, ProjectionStatus } from '@sagahub/contracts/api/operations-views.ts';
import { readConfig } from '@sagahub/contracts/config.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Service } from '@sagahub/contracts/service.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { readModelSettings } from './config.ts';
import { PROJECTIONS } from './projections/index.ts';
import { startReadModel } from './service.ts';
import { completed, received, told, validated } from './testing/order-story.ts';
import { ask, type Asked, bodyOf, linesOf, principal } from './testing/requests.ts';
import { newOrderId, openSite, type Site } from './testing/site.ts';

describe('read-model service', () => {
  let site: Site;
  let service: Service;
  const operator = principal('hub', 'admin');
  const route = (operationId: string) =>
    [...service.routes, ...(service.managementRoutes ?? [])].find(({ operation }) => operation.operationId === operationId)!;
  const call = (operationId: string, asked: Asked = {}) => ask(route(operationId), { as: operator, ...asked });
  const stats = async () => bodyOf<HubStats>(await call('readStats'));

  before(async () => {
    site = await openSite();
    const config = readConfig(readModelSettings, { HUB_PROJECTION_WINDOW: '0ms' });
    const settled = () => Promise.resolve(undefined as unknown as Folded);
    service = await startReadModel(config, site.ports, { settled });
    const letter = told('ErpSubmissionFailed', { deadLetterId: 'letter-1', attempts: 2, reason: 'down', inDoubt: false });
    const rejected = told('OrderRejected', { reason: 'stock', compensation: 'none' });
    for (const tale of [[], validated, [...validated, ...completed], [...validated, letter], [rejected]])
      await site.tell(newOrderId(), [received('a'), ...tale]);
    await eventually('everything being projected', async () => (await stats()).accepted === 5);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  it('counts orders so that they add up', async () => {
    const { position, payments, ...counts } = await stats();
    assert.deepEqual(counts, { accepted: 5, completed: 1, rejected: 1, cancelled: 0, stuck: 1, inFlight: 2 });
    assert.match(position, /^[\w-]{32}$/);
    assert.deepEqual([payments.accepted, payments.inFlight, payments.stuck], [0, 0, 0]);
  });

  it('tells how current each projection is', async () => {
    const { items } = bodyOf<{ items: ProjectionStatus[] }>(await call('listProjections'));
    assert.deepEqual(
      items.map(({ name, lagEvents, parked }) => [name, lagEvents, parked]),
      PROJECTIONS.map(({ name }) => [name, 0, 0]),
    );
    await assert.rejects(call('rebuildProjection', { params: { name: 'nothing' } }), NotFoundError);
  });

  it('rebuilds on demand, with its progress as lines or the result alone', async () => {
    const result = bodyOf<{ finished: boolean }>(await call('rebuildProjection', { params: { name: 'orders' } }));
    assert.equal(result.finished, true);
    const lines = await linesOf<{ finished: boolean }>(
      await call('rebuildProjection', { params: { name: 'orders' }, headers: { accept: 'application/x-ndjson' } }),
    );
    assert.equal(lines.at(-1)?.finished, true);
    assert.equal((await stats()).accepted, 5);
  });

  it('checks itself: drift and history', async () => {
    const { differences } = bodyOf<{ differences: unknown[] }>(await call('checkDrift', { params: { name: 'orders' } }));
    assert.deepEqual(differences, []);
    const { intact, events } = bodyOf<{ intact: boolean; events: number }>(await call('verifyLog'));
    assert.deepEqual([intact, events], [true, Number(await site.store.lastPosition())]);
  });

  it('shows parked streams, tries them again, and warns', async () => {
    await site.tell(newOrderId(), validated);
    const parked = async () =>
      bodyOf<{ items: { stream: string }[] }>(await call('listParkedStreams', { params: { name: 'orders' } })).items;
    await eventually('the stream being parked', async () => (await parked()).length === 1);
    const { tried } = bodyOf<{ tried: { error: string }[] }>(await call('retryParkedStreams', { params: { name: 'orders' } }));
    assert.match(tried[0]!.error, /begins with OrderReceived/);
    const [orders] = await service.health();
    assert.deepEqual([orders?.status, orders?.output], ['warn', '1 streams are parked']);
  });

  it('shows a document as it is stored', async () => {
    const asked = { params: { name: 'orders', collection: 'dead-letters', id: 'letter-1' } };
    const { document } = bodyOf<{ document: { state: string } }>(await call('readDocument', asked));
    assert.equal(document.state, 'open');
    await assert.rejects(call('readDocument', { params: { ...asked.params, collection: 'breakers' } }), NotFoundError);
  });

  it('replays an order step by step and finds the read model the same', async () => {
    const { stream } = (await site.store.readAll({ after: 0n, limit: 100 })).find(({ type }) => type === 'OrderCompleted')!;
    const lines = await linesOf<{ kind: string; type?: string; verdict?: string }>(
      await call('replayOrders', { body: { orderId: stream.slice('order-'.length) } }),
    );
    assert.deepEqual(
      lines.map(({ kind, type, verdict }) => [kind, type ?? verdict]),
      [
        ...['OrderReceived', 'StockReserved', 'OrderValidated', 'ErpSubmissionRequested', 'OrderSentToErp', 'OrderCompleted'].map(
          (type) => ['step', type],
        ),
        ['comparison', 'same'],
      ],
    );
  });

  it('asks for a scope on every route but those of the management port', () => {
    for (const { path, scopes } of service.routes) assert.ok(scopes.length > 0, path);
    for (const { path, scopes } of service.routes) if (path.includes('/admin/')) assert.ok(!scopes.includes('orders:read'), path);
  });
});
