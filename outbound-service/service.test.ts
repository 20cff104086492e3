import assert from 'node:assert/strict';
import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { readConfig } from '@sagahub/contracts/config.ts';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import type { Connector, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Service } from '@sagahub/contracts/service.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { outboundSettings } from './config.ts';
import { restErpConnector } from './connectors/rest/connector.ts';
import { AwkwardConnector } from './connectors/testing/awkward-connector.ts';
import { startOutbound } from './service.ts';
import { ModelRuntime, ModelStore, modelOpenWork } from './testing/model-runtime.ts';
import { modelDocuments } from './testing/model-documents.ts';
import { PARCEL_CONNECTOR } from './testing/parcel-flow.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';

const QUEUE = `outbound.${PARCEL_CONNECTOR}`;

describe('outbound service', () => {
  const start = async (runtime: ModelRuntime, connector: Connector, store = new ModelStore()) =>
    startOutbound(
      readConfig(outboundSettings, {}),
      {
        store: store as never,
        openWork: modelOpenWork(QUEUE, 0),
        documents: modelDocuments([]),
        keys: {} as never,
        leadership: {} as never,
        clock: runtime.clock,
        telemetry: silentTelemetry,
      },
      runtime,
      [{ connector, concurrency: 64, perPartner: 48, retryDelaysMs: [1_000, 2_000, 4_000, 8_000, 16_000] }],
      { client: {} as never, allowHttp: false, userAgent: 'test', takesWork: false },
      {} as never,
    );
  const awkward = (clock: ReturnType<typeof manualClock>) =>
    new AwkwardConnector(
      { name: PARCEL_CONNECTOR, duplicates: 'refused', lookup: 'immediate', lookupDelayMs: 0, settleMs: 1_000, timeoutMs: 30_000 },
      clock,
    );

  it('delivers to the ERP over HTTP what waits in its queue', async () => {
    await using erp = await startErpSimulator();
    await using http = openHttpClient();
    const clock = systemClock();
    const runtime = new ModelRuntime(clock);
    const connector = restErpConnector({ url: erp.url, auth: { kind: 'none' }, timeoutMs: 5_000, settleMs: 0 }, { http, clock });
    await using service = await start(runtime, connector);
    const streams = Array.from({ length: 20 }, (_, index) => runtime.post(`p${index}`));
    await eventually('all are delivered', () => streams.every((stream) => runtime.state(stream).status === 'delivered'));
    assert.deepEqual(erp.ledger.totals(), { effects: 20, live: 20, cancelled: 0, doubled: 0, liveTotal: { EUR: '796' } });
    assert.deepEqual(await service.health(), [
      { name: 'erp:breaker', status: 'pass' },
      { name: 'breakers:following', status: 'pass' },
      { name: 'webhooks:fan-out', status: 'pass' },
      { name: 'webhooks:subscriptions', status: 'pass' },
    ]);
  });

  it('finishes what is in hand when it is closed', async () => {
    const clock = manualClock();
    const runtime = new ModelRuntime(clock);
    const stream = runtime.post('p');
    const connector = awkward(clock);
    const { promise, resolve } = Promise.withResolvers<SubmitOutcome>();
    connector.submit = () => promise;
    const service = await start(runtime, connector);
    const closing = service[Symbol.asyncDispose]();
    await clock.advance(5_000);
    resolve({ kind: 'done', reference: 'E-1', alreadyThere: false });
    await closing;
    assert.equal(runtime.state(stream).status, 'delivered');
    assert.equal(clock.sleepers, 0);
  });

  it('calls off what takes too long to finish: unknown, and no mark against the third party', async () => {
    const clock = manualClock();
    const runtime = new ModelRuntime(clock);
    const store = new ModelStore();
    const streams = Array.from({ length: 6 }, (_, index) => runtime.post(`p${index}`));
    const connector = awkward(clock);
    connector.nextAct = () => ({ act: 'never' });
    const service = await start(runtime, connector, store);
    const closing = service[Symbol.asyncDispose]();
    await clock.advance(10_000);
    await closing;
    for (const stream of streams) assert.equal(runtime.events.get(stream)?.at(-1)?.data.certainty, 'unknown');
    assert.equal(store.streams.size, 0, 'the breaker did not open');
    assert.equal(clock.sleepers, 0);
  });

  it('warns of an open breaker, and is healthy for the outside all the same', async () => {
    const clock = manualClock();
    const runtime = new ModelRuntime(clock);
    await using service = await start(runtime, awkward(clock));
    await openByHand(service);
    const [check] = await service.health();
    assert.deepEqual([check?.name, check?.status], ['erp:breaker', 'warn']);
    assert.match(check?.output ?? '', /^open since 2026-.*: maintenance$/);
  });

  it('hears of what another replica’s breaker met', async () => {
    const clock = manualClock();
    const store = new ModelStore();
    await using one = await start(new ModelRuntime(clock), awkward(clock), store);
    await using other = await start(new ModelRuntime(clock), awkward(clock), store);
    await openByHand(one);
    await eventually('the other has heard of it', async () => (await other.health())[0]?.status === 'warn');
  });
});

const openByHand = async ({ routes }: Service): Promise<void> => {
  const route = routes.find(({ operation }) => operation.operationId === 'openBreaker')!;
  const principal = { clientId: 'op', partnerId: 'hub', scopes: new Set(['admin'] as const), rateLimitPerMinute: 0 };
  await route.handle({ params: { connector: 'erp' }, body: { reason: 'maintenance' }, principal } as unknown as ApiRequest);
};
