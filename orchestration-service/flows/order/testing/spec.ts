/** Specifications read `given(what happened).when(what comes).records(what follows)`; no clock, no store, no network. */
import assert from 'node:assert/strict';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { CallReport, Decision, PendingStep } from '@sagahub/contracts/saga.ts';
import type { Asks } from '../asks.ts';
import type { OrderCommand } from '../commands.ts';
import { orderFlow } from '../flow.ts';
import type { OrderState } from '../state.ts';
import { NOW_MS, POLICY } from './examples.ts';

export const flow = orderFlow(POLICY);

/** An event at another time than {@link NOW_MS}. */
export interface Timed {
  readonly atMs: number;
  readonly event: OrderEvent;
}
export const at = (atMs: number, event: OrderEvent): Timed => ({ atMs, event });
export type Past = OrderEvent | Timed;

export const fold = (past: readonly Past[], from: OrderState = flow.initialState): OrderState =>
  past.reduce((state, item) => {
    const { atMs, event } = 'event' in item ? item : at(NOW_MS, item);
    return flow.evolve(state, { ...(event as any), time: new Date(atMs).toISOString() });
  }, from);

/** Outcomes of participants, by name; a question without an outcome stops the run, as it does for the engine. */
export type Outcomes = { readonly [Name in keyof Asks]?: Asks[Name]['outcome'] };

export type Input =
  | { readonly deciding: Outcomes; readonly step?: string; readonly nowMs?: number }
  | { readonly commanding: OrderCommand }
  | { readonly reporting: CallReport; readonly operation?: 'submit' | 'cancel'; readonly attempt?: number };

export const given = (...past: readonly Past[]) => {
  const state = fold(past);
  return {
    state,
    when: (input: Input) => new Consequence(state, input),
    /** Fields of the rows expected, in order. */
    waitsFor: (...rows: readonly Partial<PendingStep>[]) => {
      const actual = flow.pending(state);
      assert.deepEqual(
        actual.map((row, place) => pick(row, rows[place] ?? row)),
        rows,
      );
    },
    ignores: (event: OrderEvent) => assert.deepEqual(fold([event], state), state),
  };
};

const pick = (row: PendingStep, like: Partial<PendingStep>): Partial<PendingStep> =>
  Object.fromEntries(Object.keys(like).map((key) => [key, row[key as keyof PendingStep]]));

class Consequence {
  readonly #state: OrderState;
  readonly #input: Input;
  constructor(state: OrderState, input: Input) {
    this.#state = state;
    this.#input = input;
  }

  /** Everything that one append would hold. */
  records(...expected: readonly OrderEvent[]): void {
    assert.deepEqual(this.#run().events, expected);
  }

  waitsUntil(untilMs: number): void {
    const { events, end } = this.#run();
    assert.deepEqual(events, []);
    assert.deepEqual(end, { kind: 'wait', untilMs });
  }

  /** Asks, and stops there for want of an outcome. */
  asks<Name extends keyof Asks>(participant: Name, request: Asks[Name]['request']): void {
    assert.deepEqual(this.#run().end, { kind: 'ask', participant, request });
  }

  isRefused(code: string, detail?: RegExp): void {
    assert.throws(
      () => this.#run(),
      (error) => error instanceof HubError && error.code === code && (detail === undefined || detail.test(error.message)),
    );
  }

  #run(): { events: readonly OrderEvent[]; end: Decision } {
    const input = this.#input;
    if ('deciding' in input) return decideAll(this.#state, { step: input.step ?? 'advance', nowMs: input.nowMs ?? NOW_MS }, input.deciding);
    const fromOutside = (
      'commanding' in input ? flow.command(this.#state, input.commanding, NOW_MS) : flow.report(this.#state, callOf(input), input.reporting)
    ) as readonly OrderEvent[];
    if (fromOutside.length === 0) return { events: [], end: { kind: 'rest' } };
    const next = decideAll(fold(fromOutside, this.#state), { step: 'advance', nowMs: NOW_MS }, {});
    return { events: [...fromOutside, ...next.events], end: next.end };
  }
}

const callOf = ({ operation = 'submit', attempt = 1 }: { operation?: 'submit' | 'cancel'; attempt?: number }) => ({
  step: `erp-${operation}`,
  operation,
  attempt,
});

/** Decides until it rests, as the engine does. */
export const decideAll = (
  start: OrderState,
  first: { step: string; nowMs: number },
  outcomes: Outcomes,
  asked: (participant: string, request: unknown) => unknown = (participant) => outcomes[participant as keyof Asks],
): { events: readonly OrderEvent[]; end: Decision } => {
  const version = flow.versions[1]!;
  const events: OrderEvent[] = [];
  let state = start;
  let input = first;
  let decision = version.decide(state, input);
  for (;;) {
    if (decision.kind === 'record') {
      events.push(...(decision.events as OrderEvent[]));
      state = fold(
        decision.events.map((event) => at(input.nowMs, event as OrderEvent)),
        state,
      );
      input = { ...input, step: 'advance' };
      decision = version.decide(state, input);
    } else if (decision.kind === 'ask') {
      const outcome = asked(decision.participant, decision.request);
      if (outcome === undefined) return { events, end: decision };
      decision = version.answer(state, decision, outcome, input);
    } else return { events, end: decision };
  }
};
