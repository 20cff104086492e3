import assert from 'node:assert/strict';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import fc from 'fast-check';
import { assertWayOn, type Readable, readsAnyLog, survivesDamage } from '../testing/properties.ts';
import type { OrderCommand } from './commands.ts';
import type { OrderState } from './state.ts';
import {
  absent,
  applied,
  attemptFailed,
  cancelFailed,
  cancelled,
  cancelRequested,
  compensationRetried,
  completed,
  discountReleased,
  erpCancelled,
  orderCancelled,
  received,
  receivedWithDiscount,
  refused,
  rejectedAs,
  requested,
  reserved,
  retried,
  sentToErp,
  started,
  stockReleased,
  submissionFailed,
  validated,
} from './testing/examples.ts';
import { happen, happening } from './testing/happenings.ts';
import { flow, orders } from './testing/spec.ts';
import { World } from './testing/world.ts';

const by = 'op';
const reason = 'r';

const history = fc.record({
  discounted: fc.boolean(),
  /** Most orders get further than their first step. */
  outOfStock: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
  happenings: fc.array(happening, { maxLength: 25, size: 'max' }),
  doneLate: fc.option(fc.constantFrom('ERP-1', 'ERP-2'), { freq: 4 }),
});

const ofType = (log: readonly OrderEvent[], type: OrderEvent['type']) => log.filter((event) => event.type === type);
const compensationOf = (world: World) => ('compensation' in world.state ? world.state.compensation : undefined);

const readable: Readable<OrderState, OrderEvent, OrderCommand> = {
  spec: orders,
  received,
  events: [
    received,
    receivedWithDiscount,
    reserved,
    { type: 'StockRejected', data: { shortages: [] } },
    applied,
    { type: 'DiscountRejected', data: { code: 'c', reason: 'expired' } },
    validated,
    requested,
    started(1),
    started(2),
    attemptFailed(1, 'unknown'),
    attemptFailed(2, 'not-done'),
    refused(1),
    submissionFailed(2),
    retried(2),
    sentToErp('ERP-1'),
    sentToErp('ERP-2'),
    completed,
    { type: 'ErpOverdueFlagged', data: { requestedAt: '2026-11-20T10:00:00.000Z' } },
    { type: 'ErpDeadlineExceeded', data: { waitedMs: 1 } },
    cancelled,
    { type: 'CompensationRequested', data: { by, reason } },
    cancelRequested(),
    cancelRequested('ERP-1'),
    { type: 'ErpCancellationAttemptFailed', data: { attempt: 1, reason, nextAt: '2026-11-20T10:00:09.000Z' } },
    absent,
    erpCancelled('ERP-1'),
    discountReleased,
    stockReleased,
    cancelFailed,
    compensationRetried,
    rejectedAs('stock', undefined, 'none'),
    orderCancelled('full'),
    { type: 'OrderResubmitted', data: { newOrderId: 'n', fingerprint: 'f', by } },
    { type: 'SomethingFromTheFuture', data: {} } as unknown as OrderEvent,
  ],
  isOver: ({ status }) => ['completed', 'rejected', 'cancelled'].includes(status),
  retry: { type: 'Retry', by, reason },
};

/** What must hold after every single thing that happens. */
const assertSound = (world: World): void => {
  const { state, log } = world;
  assertWayOn(readable, state, world.nowMs);
  for (const [done, undone] of [
    ['StockReserved', 'StockReleased'],
    ['DiscountApplied', 'DiscountReleased'],
  ] as const) {
    assert.ok(ofType(log, undone).length <= ofType(log, done).length, `${undone} more often than ${done}`);
    assert.ok(ofType(log, done).length <= 1);
  }
  const [taken] = ofType(log, 'StockReserved');
  const [given] = ofType(log, 'StockReleased');
  if (taken && given) assert.deepEqual(given.data, taken.data);

  const wasCompleted = ofType(log, 'OrderCompleted').length > 0;
  assert.ok(!(wasCompleted && given), 'completed, and its stock released');
  if (wasCompleted) assert.equal(world.stock.is, 'held');

  if ((state.status === 'rejected' || state.status === 'cancelled') && state.compensation !== 'partial') {
    assert.deepEqual(world.live, [], 'ended, and something is left at the ERP');
    assert.ok(world.underway === 0 || world.there.size > 0, 'ended, and something can still come of it');
    assert.notEqual(world.stock.is, 'held');
    assert.notEqual(world.discount.is, 'held');
  }
  const undoneFrom = log.findIndex((event) => event.type === 'ErpCancellationRequested');
  if (undoneFrom >= 0 && !wasCompleted) {
    assert.equal(ofType(log.slice(undoneFrom), 'ErpAttemptStarted').length, 0, 'submitted again after its cancellation');
    assert.equal(flow.externalCall(state, 'erp-submit'), undefined);
  }
};

describe('order flow: properties', () => {
  it('whatever happens, nothing waits silently, undoing is exact, and ends come with their proof', () =>
    fc.assert(
      fc.property(history, ({ discounted, outOfStock, happenings, doneLate }) => {
        const world = new World(discounted ? receivedWithDiscount : received, outOfStock);
        for (const what of happenings) {
          happen(world, what);
          assertSound(world);
        }
        world.settle();
        if (doneLate !== null) world.doLate(doneLate);
        world.settle();
        assertSound(world);
        if (compensationOf(world) === 'partial') return;
        assert.ok(['completed', 'rejected', 'cancelled'].includes(world.state.status), world.state.status);
        assert.equal(world.live.length, world.state.status === 'completed' ? 1 : 0);
      }),
      { numRuns: 3_000 },
    ));

  it('no order of events, however absurd, breaks a reader or leaves an order waiting silently', () => readsAnyLog(readable));

  it('nor does a real log with events missing, told twice or late', () =>
    survivesDamage(
      readable,
      history.map(({ discounted, outOfStock, happenings }) => {
        const world = new World(discounted ? receivedWithDiscount : received, outOfStock);
        for (const what of happenings) happen(world, what);
        return world;
      }),
    ));
});
