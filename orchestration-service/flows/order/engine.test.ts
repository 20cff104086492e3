import assert from 'node:assert/strict';
import { openInProcessLeadership } from '@sagahub/adapters/in-process/leadership.ts';
import { openInProcessMessageBus } from '@sagahub/adapters/in-process/message-bus.ts';
import { openSqliteDiscounts } from '@sagahub/adapters/sqlite/discounts.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { openSqliteOpenWork } from '@sagahub/adapters/sqlite/open-work.ts';
import { openSqliteStock } from '@sagahub/adapters/sqlite/stock.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { CallReport } from '@sagahub/contracts/saga.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { startRelay } from '../../engine/relay.ts';
import { StreamRuntime } from '../../engine/runtime.ts';
import { newEvent } from '../../inventory/loading.ts';
import { loadLevels } from '../../inventory/stock-levels.ts';
import { orderFlow } from './flow.ts';
import { orderParticipants } from './participants.ts';
import { outboundQueue } from '../effect/rows.ts';
import { ORDER_QUEUE } from './steps.ts';
import { POLICY, received } from './testing/examples.ts';

const ACT = { by: 'test', correlationId: 'c' };
const STREAM = orderStream('order-1');

/** The order flow over the real engine and the embedded adapters, with an ERP that answers as told. */
const ordered = async (erp: (operation: 'submit' | 'cancel') => CallReport | undefined) => {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const clock = manualClock();
  const log = opened.use(await openLogDatabase(folder.path('log.db')));
  const store = opened.use(await openSqliteEventStore(log, { clock }));
  const openWork = opened.use(await openSqliteOpenWork(log, { clock }));
  const bus = opened.use(openInProcessMessageBus({ clock }));
  const stock = openSqliteStock(log);
  const participants = orderParticipants({ store, stock, discounts: openSqliteDiscounts(log) });
  const leadership = opened.use(openInProcessLeadership({ clock }));
  const runtime = new StreamRuntime(
    [orderFlow(POLICY)],
    { store, openWork, bus, leadership, clock, telemetry: silentTelemetry },
    { soleWorker: true },
  );
  const workers = { concurrency: 4, perLane: 4 };
  opened.use(await runtime.work(ORDER_QUEUE, { ...workers, handle: (hint) => runtime.decide(hint, participants) }));
  opened.use(
    await runtime.work(outboundQueue('erp'), {
      ...workers,
      handle: async ({ stream, step }) => {
        const { flow, state } = await runtime.load(stream);
        const call = flow.externalCall(state, step);
        const report = call && erp(call.operation);
        if (report) await runtime.report(stream, call, report, { actor: 'connector:erp' });
      },
    }),
  );
  opened.use(startRelay(runtime));
  await loadLevels({ store, stock, clock }, [{ sku: 'BEARING', available: '5' }], ACT);
  await store.append({ stream: STREAM, expectedRevision: NO_STREAM, events: [newEvent(received, ACT, clock.now())] });
  const settled = () => runtime.settled(STREAM, 60_000, AbortSignal.timeout(10_000));
  const free = async () => (await stock.balances({ skus: ['BEARING'] }))[0]?.free;
  const types = async () => (await store.readStream(STREAM)).map(({ type }) => type);
  const open = opened.move();
  return { runtime, settled, free, types, store, [Symbol.asyncDispose]: () => open.disposeAsync() };
};

describe('order flow over the engine', () => {
  it('brings an order from receipt to completion, and pins its version', async () => {
    await using site = await ordered(() => ({ kind: 'succeeded', reference: 'ERP-1', alreadyThere: false }));
    await site.settled();
    assert.deepEqual(await site.types(), [
      'OrderReceived',
      'StockReserved',
      'OrderValidated',
      'ErpSubmissionRequested',
      'OrderSentToErp',
      'OrderCompleted',
    ]);
    assert.equal((await site.store.readStream(STREAM))[1]?.metadata.sagaVersion, 1);
    assert.equal(await site.free(), '1');
  });

  it('gives back what a refused order had reserved', async () => {
    await using site = await ordered(() => ({ kind: 'refused', reason: 'customer blocked', status: 422 }));
    await site.settled();
    assert.deepEqual((await site.types()).slice(4), ['ErpSubmissionRefused', 'StockReleased', 'OrderRejected']);
    assert.equal(await site.free(), '5');
  });

  it('cancels an order that is on its way to the ERP, and gives back what it reserved', async () => {
    await using site = await ordered((operation) => (operation === 'cancel' ? { kind: 'absent' } : undefined));
    while ((await site.types()).length < 4) await new Promise((resolve) => setImmediate(resolve));
    await site.runtime.execute(STREAM, { type: 'Cancel', by: 'client:acme' }, { actor: 'client:acme' });
    await site.settled();
    assert.deepEqual((await site.types()).slice(4), [
      'CancellationRequested',
      'ErpCancellationRequested',
      'ErpOrderCancelled',
      'StockReleased',
      'OrderCancelled',
    ]);
    assert.equal(await site.free(), '5');
  });
});
