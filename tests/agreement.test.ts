import assert from 'node:assert/strict';
import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { StepFaulted, StepRetried } from '@sagahub/contracts/messages/hub.ts';
import type { OrderState, OrderStatus } from '@sagahub/contracts/messages/order.ts';
import type { PaymentState, PaymentStatus } from '@sagahub/contracts/messages/payment.ts';
import { type Folded, givenUpFault } from '@sagahub/contracts/ports/saga-runtime.ts';
import { type Flow, OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import { emptyFold, foldRecorded, pendingSteps } from '@sagahub/orchestration-service/engine/folding.ts';
import * as orders from '@sagahub/orchestration-service/flows/order/testing/examples.ts';
import { happening as orderHappening } from '@sagahub/orchestration-service/flows/order/testing/happenings.ts';
import { flow as orderFlow } from '@sagahub/orchestration-service/flows/order/testing/spec.ts';
import { World as OrderWorld } from '@sagahub/orchestration-service/flows/order/testing/world.ts';
import * as payments from '@sagahub/orchestration-service/flows/payment/testing/examples.ts';
import { happening as paymentHappening } from '@sagahub/orchestration-service/flows/payment/testing/happenings.ts';
import { flow as paymentFlow } from '@sagahub/orchestration-service/flows/payment/testing/spec.ts';
import { World as PaymentWorld } from '@sagahub/orchestration-service/flows/payment/testing/world.ts';
import type { World } from '@sagahub/orchestration-service/flows/testing/world.ts';
import { orderFold } from '@sagahub/read-model/projections/order.ts';
import { paymentFold } from '@sagahub/read-model/projections/payment.ts';
import type { Fold } from '@sagahub/read-model/projections/projection.ts';
import type { ObjectDocument } from '@sagahub/read-model/queries/flow-view.ts';
import fc from 'fast-check';

/** What a flow and its documents have to agree on. */
interface Subject {
  readonly flow: Flow;
  readonly fold: Fold;
  /** While nobody but an operator is needed. */
  readonly statuses: Readonly<Record<string, readonly string[]>>;
}

/** Folds every event twice, as the saga's state and as the document, and compares what the two say after each. */
class BothFolds {
  readonly #subject: Subject;
  readonly #stream: string;
  folded: Folded;
  document: ObjectDocument | undefined;
  readonly types: string[] = [];

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#stream = `${subject.flow.name}-1`;
    this.folded = emptyFold(subject.flow, this.#stream);
  }

  take(body: EventBody<string, any>, atMs: number): void {
    const event: RecordedEvent = {
      ...body,
      id: String(this.types.length),
      stream: this.#stream,
      revision: this.types.length,
      position: BigInt(this.types.length + 1),
      hash: '',
      metadata: { time: new Date(atMs).toISOString(), correlationId: 'c', actor: 'test', schemaVersion: 1, partnerId: 'acme' },
    };
    this.types.push(body.type);
    this.folded = foldRecorded(this.folded, event);
    this.document = this.#subject.fold.apply(this.document, event);
    this.#compare();
  }

  #compare(): void {
    const { flow, statuses } = this.#subject;
    const { state, status, endedAt, deadLetters, waiting } = this.document!;
    const rows = pendingSteps(this.folded);
    const history = this.types.join(' ');
    assert.equal(state, flow.stateName(this.folded.state as never), history);
    const byHand = rows.some(({ queue }) => queue === OPERATOR_QUEUE);
    assert.ok(byHand ? status === 'stuck' : statuses[state]?.includes(status), `${history}: the document of ${state} says ${status}`);
    assert.equal(endedAt !== undefined, rows.length === 0 || isSurplus(this.document!), `${history}: ended or not`);
    // What only an operator can move on has a letter to do it with, and nothing else has.
    assert.equal(
      deadLetters.some((letter) => letter.state === 'open'),
      byHand,
      `${history}: letters`,
    );
    assert.equal(waiting?.for === 'operator', byHand, `${history}: waits for ${waiting?.for}`);
  }
}

/** A completed order that the ERP made twice waits for an operator, and is completed all the same. */
const isSurplus = ({ state }: ObjectDocument): boolean => state === 'Completed';

const IN_HAND: readonly OrderStatus[] = ['processing', 'waiting'];
const ORDER_STATUSES: Readonly<Record<OrderState, readonly OrderStatus[]>> = {
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
const PAYMENT_STATUSES: Readonly<Record<PaymentState, readonly PaymentStatus[]>> = {
  Initiated: ['pending'],
  Authorizing: ['authorizing'],
  Approved: ['approved'],
  Declined: ['declined'],
  Expired: ['expired'],
  Cancelling: ['cancelling'],
  Cancelled: ['cancelled'],
  Refunding: ['refunding'],
  Refunded: ['refunded'],
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

/** What happens in a world, to the third party late, and in the engine. */
type Call = readonly [method: string, ...args: unknown[]];
const historyOf = (happening: fc.Arbitrary<unknown>, references: readonly string[]): fc.Arbitrary<readonly (Call | EngineAct)[]> =>
  fc.array(
    fc.oneof(
      { weight: 20, arbitrary: happening as fc.Arbitrary<Call> },
      { weight: 1, arbitrary: fc.tuple(fc.constant('doLate'), fc.constantFrom(...references)) as fc.Arbitrary<Call> },
      { weight: 2, arbitrary: engineAct },
    ),
    { maxLength: 30, size: 'max' },
  );

const live = (subject: Subject, world: World<any, any, any>, history: readonly (Call | EngineAct)[]): void => {
  const folds = new BothFolds(subject);
  const follow = () => {
    const known = folds.types.filter((type) => !/^Step(Faulted|Retried)$/.test(type)).length;
    for (const event of world.log.slice(known)) folds.take(event as EventBody<string, any>, world.nowMs);
  };
  follow();
  for (const what of history) {
    if ('fault' in what || 'retry' in what) actOfEngine(folds, what, world.nowMs);
    else {
      const [method, ...args] = what;
      (world as unknown as Record<string, (...args: unknown[]) => void>)[method]!(...args);
    }
    follow();
  }
  world.settle();
  follow();
};

describe('saga and read model', () => {
  it('agree on the state, the status and the end of an order after every event of every history', () =>
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), historyOf(orderHappening, ['ERP-1', 'ERP-2']), (discounted, outOfStock, history) => {
        const world = new OrderWorld(discounted ? orders.receivedWithDiscount : orders.received, outOfStock);
        live({ flow: orderFlow, fold: orderFold, statuses: ORDER_STATUSES }, world, history);
      }),
      { numRuns: 3_000 },
    ));

  it('agree on a payment as they do on an order', () =>
    fc.assert(
      fc.property(historyOf(paymentHappening, ['T-1', 'T-2']), (history) =>
        live({ flow: paymentFlow as Flow, fold: paymentFold, statuses: PAYMENT_STATUSES }, new PaymentWorld(payments.received), history),
      ),
      { numRuns: 3_000 },
    ));
});
