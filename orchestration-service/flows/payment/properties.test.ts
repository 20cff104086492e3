import assert from 'node:assert/strict';
import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import fc from 'fast-check';
import { happen } from '../testing/happenings.ts';
import { assertWayOn, type Readable, readsAnyLog, survivesDamage } from '../testing/properties.ts';
import type { PaymentCommand } from './commands.ts';
import type { PaymentState } from './state.ts';
import * as examples from './testing/examples.ts';
import { type Happening, happening } from './testing/happenings.ts';
import { flow, payments } from './testing/spec.ts';
import { World } from './testing/world.ts';

const by = 'op';
const reason = 'r';

const history = fc.record({
  happenings: fc.array<Happening>(happening, { maxLength: 25, size: 'max' }),
  doneLate: fc.option(fc.constantFrom('T-1', 'T-2'), { freq: 4 }),
});

const readable: Readable<PaymentState, PaymentEvent, PaymentCommand> = {
  spec: payments,
  received: examples.received,
  events: [
    examples.received,
    examples.requested,
    examples.started(1),
    examples.started(2),
    examples.attemptFailed(1, 'unknown'),
    examples.attemptFailed(2, 'not-done'),
    examples.pendingAt('T-1'),
    examples.pendingAt('T-2', 2),
    examples.pendingAt(),
    examples.failed(2),
    examples.failed(1, true),
    examples.retried(2),
    examples.approved('T-1'),
    examples.approved('T-2', { tooLate: true }),
    examples.declined(),
    examples.declined({ tooLate: true, answeredBy: 'callback' }),
    { type: 'AuthorizationOverdueFlagged', data: { requestedAt: '2026-11-20T10:00:00.000Z' } },
    examples.exceeded,
    examples.cancelled,
    { type: 'CompensationRequested', data: { by, reason } },
    examples.refund,
    examples.reversalRequested(),
    examples.reversalRequested('T-1'),
    { type: 'ReversalAttemptFailed', data: { attempt: 1, reason, nextAt: '2026-11-20T10:00:09.000Z' } },
    examples.absent,
    examples.reversed('T-1'),
    examples.reversed('T-2'),
    examples.reversalFailed,
    examples.compensationRetried,
    { type: 'ResolvedByHand', data: { processor: 'live', processorRef: 'T-1', by, reason } },
    { type: 'ResolvedByHand', data: { processor: 'absent', by, reason } },
    examples.paymentCancelled,
    examples.paymentExpired,
    examples.paymentRefunded,
    { type: 'SomethingFromTheFuture', data: {} } as unknown as PaymentEvent,
  ],
  isOver: ({ status }) => status === 'approved' || status === 'ended',
  retry: { type: 'Retry', by, reason },
};

const ofType = (log: readonly PaymentEvent[], type: PaymentEvent['type']) => log.filter((event) => event.type === type);

/** What must hold after every single thing that happens. */
const assertSound = (world: World): void => {
  const { state, log } = world;
  assertWayOn(readable, state, world.nowMs);
  if (state.status === 'ended') {
    assert.deepEqual(world.live, [], `${state.end.kind}, and money is taken at the processor`);
    assert.notEqual(world.decision, 'later', `${state.end.kind}, and the processor may still approve it`);
    assert.ok(world.underway === 0 || world.known !== undefined, `${state.end.kind}, and something can still come of it`);
  }
  if (state.status === 'approved') assert.ok(world.live.includes(state.processorRef), 'approved, and the processor does not have it');
  for (const end of ['PaymentExpired', 'PaymentCancelled', 'PaymentRefunded'] as const)
    assert.ok(ofType(log, end).length <= 1, `${end} told twice`);
  const undoneFrom = log.findIndex((event) => event.type === 'ReversalRequested');
  if (undoneFrom >= 0)
    assert.equal(ofType(log.slice(undoneFrom), 'AuthorizationAttemptStarted').length, 0, 'submitted again after its reversal');
  // Nobody acts on an approval of what was given up.
  const firstApproval = log.find((event) => event.type === 'PaymentApproved');
  const wasGivenUp = log.findIndex(({ type }) => type === 'CancellationRequested' || type === 'AuthorizationDeadlineExceeded');
  if (firstApproval && wasGivenUp >= 0 && wasGivenUp < log.indexOf(firstApproval) && firstApproval.data.answeredBy !== 'by-hand')
    assert.equal(firstApproval.data.tooLate, true);
};

const lived = (happenings: readonly Happening[]): World => {
  const world = new World(examples.received);
  for (const what of happenings) happen(world, what);
  return world;
};

describe('payment flow: properties', () => {
  it('whatever happens, nothing waits silently, reversing is exact, and ends come with their proof', () =>
    fc.assert(
      fc.property(history, ({ happenings, doneLate }) => {
        const world = new World(examples.received);
        for (const what of happenings) {
          happen(world, what);
          assertSound(world);
        }
        world.settle();
        if (doneLate !== null) world.doLate(doneLate);
        world.settle();
        assertSound(world);
        assert.ok(readable.isOver(world.state), world.state.status);
        assert.equal(world.live.length, world.state.status === 'approved' ? 1 : 0, 'live at the processor');
      }),
      { numRuns: 3_000 },
    ));

  it('no order of events, however absurd, breaks a reader or leaves a payment waiting silently', () => readsAnyLog(readable));

  it('nor does a real log with events missing, told twice or late', () =>
    survivesDamage(
      readable,
      history.map(({ happenings }) => lived(happenings)),
    ));

  it('names a state for humans, whatever happened', () =>
    fc.assert(fc.property(history, ({ happenings }) => assert.ok(flow.stateName(lived(happenings).state)))));
});
