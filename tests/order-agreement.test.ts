import assert from 'node:assert/strict';
import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { StepFaulted, StepRetried } from '@sagahub/contracts/messages/hub.ts';
import type { OrderStatus } from '@sagahub/contracts/messages/order.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import { givenUpFault } from '@sagahub/contracts/ports/saga-runtime.ts';
import { emptyFold, foldRecorded, pendingSteps } from '@sagahub/orchestration-service/engine/folding.ts';
import { received, receivedWithDiscount } from '@sagahub/orchestration-service/flows/order/testing/examples.ts';
import { type Happening, happen, happening } from '@sagahub/orchestration-service/flows/order/testing/happenings.ts';
import { flow } from '@sagahub/orchestration-service/flows/order/testing/spec.ts';
import { World } from '@sagahub/orchestration-service/flows/order/testing/world.ts';
import { orderFold } from '@sagahub/read-model/projections/order.ts';
import type { OrderDocument } from '@sagahub/read-model/projections/order-document.ts';
import fc from 'fast-check';

const STREAM = 'order-order-1';

/** Folds every event twice, as the saga's state and as the document, and compares what the two say after each. */
class BothFolds {
  folded: Folded = emptyFold(flow, STREAM);
  document: OrderDocument | undefined;
  readonly types: string[] = [];

  take(body: EventBody<string, any>, atMs: number): void {
    const event: RecordedEvent = {
      ...body,
      id: String(this.types.length),
      stream: STREAM,
      revision: this.types.length,
      position: BigInt(this.types.length + 1),
      hash: '',
      metadata: { time: new Date(atMs).toISOString(), correlationId: 'c', actor: 'test', schemaVersion: 1, partnerId: 'acme' },
    };
    this.types.push(body.type);
    this.folded = foldRecorded(this.folded, event);
    this.document = orderFold.apply(this.document, event);
    this.#compare();
  }

  #compare(): void {
    const { folded, types } = this;
    const { state, status, endedAt, deadLetters } = this.document!;
    const rows = pendingSteps(folded);
    const history = types.join(' ');
    assert.equal(state, flow.stateName(folded.state as never), history);
    const byHand = rows.length > 0 && rows.every(({ queue }) => queue === OPERATOR_QUEUE);
    assert.ok(byHand ? status === 'stuck' : STATUSES[state].includes(status), `${history}: the document says ${status}`);
    assert.equal(endedAt !== undefined, ['Completed', 'Rejected', 'Cancelled'].includes(state), history);
    // What only an operator can move on has a letter to do it with, and nothing else has.
    assert.equal(deadLetters.filter((letter) => letter.state === 'open').length, byHand ? 1 : 0, history);
  }
}

const IN_HAND: readonly OrderStatus[] = ['processing', 'waiting'];
const STATUSES: Readonly<Record<OrderDocument['state'], readonly OrderStatus[]>> = {
  Initiated: ['received', 'waiting'],
  StockReserved: IN_HAND,
  DiscountApplied: IN_HAND,
  Validated: IN_HAND,
  SendingToErp: IN_HAND,
  SentToErp: IN_HAND,
  Compensating: ['compensating'],
  Completed: ['completed'],
  Rejected: ['rejected'],
  Cancelled: ['cancelled'],
};

/** A handler throws, for the last time or not; or an operator has the step tried again. */
type EngineAct = { readonly fault: 'again' | 'for-good'; readonly ofStep: number } | { readonly retry: true };
const engineAct: fc.Arbitrary<EngineAct> = fc.oneof(
  fc.record({ fault: fc.constantFrom('again' as const, 'for-good' as const), ofStep: fc.nat(2) }),
  fc.constant({ retry: true as const }),
);

const actOfEngine = (folds: BothFolds, act: EngineAct, atMs: number): void => {
  const { faults } = folds.folded;
  if ('retry' in act) {
    const fault = givenUpFault(folds.folded) ?? faults?.values().next().value;
    if (fault) folds.take({ type: 'StepRetried', data: { step: fault.step, by: 'op', reason: 'r' } satisfies StepRetried['data'] }, atMs);
    return;
  }
  const rows = pendingSteps(folds.folded).filter(({ queue }) => queue !== OPERATOR_QUEUE);
  const row = rows[act.ofStep % rows.length];
  if (!row) return;
  const nextAt = act.fault === 'again' ? { nextAt: new Date(atMs + 1_000).toISOString() } : {};
  const data: StepFaulted['data'] = { step: row.step, attempt: (faults?.get(row.step)?.count ?? 0) + 1, error: 'Error: no', ...nextAt };
  folds.take({ type: 'StepFaulted', data }, atMs);
};

const history = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: happening },
    { weight: 1, arbitrary: fc.tuple(fc.constant('doLate' as const), fc.constantFrom('ERP-1', 'ERP-2')) as fc.Arbitrary<Happening> },
    { weight: 2, arbitrary: engineAct },
  ),
  { maxLength: 30, size: 'max' },
);

describe('saga and read model', () => {
  it('agree on the state, the status and the end of an order after every event of every history', () =>
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), history, (discounted, outOfStock, happenings) => {
        const world = new World(discounted ? receivedWithDiscount : received, outOfStock);
        const folds = new BothFolds();
        const follow = () => {
          const known = folds.types.filter((type) => !/^Step(Faulted|Retried)$/.test(type)).length;
          for (const event of world.log.slice(known)) folds.take(event, world.nowMs);
        };
        follow();
        for (const what of happenings) {
          if (Array.isArray(what)) happen(world, what);
          else actOfEngine(folds, what, world.nowMs);
          follow();
        }
        world.settle();
        follow();
      }),
      { numRuns: 3_000 },
    ));
});
