/** Specifications of any flow read `given(what happened).when(what comes).records(what follows)`; no clock, no store, no network. */
import assert from 'node:assert/strict';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { CallReport, Command, Decision, Flow, PendingStep } from '@sagahub/contracts/saga.ts';

/** As much of an event as every flow's have. */
export interface AnyEvent {
  readonly type: string;
  readonly data: unknown;
}

/** An event at another time than the specification's. */
export interface Timed<Event> {
  readonly atMs: number;
  readonly event: Event;
}
export const at = <Event>(atMs: number, event: Event): Timed<Event> => ({ atMs, event });

/** A flow's way to decide, asking whom it may. */
export interface Decided<Event> {
  readonly events: readonly Event[];
  readonly end: Decision;
}

export type Input<Commands> =
  | { readonly deciding: Readonly<Record<string, unknown>>; readonly step?: string; readonly nowMs?: number }
  | { readonly commanding: Commands }
  | { readonly reporting: CallReport; readonly operation?: 'submit' | 'cancel'; readonly attempt?: number };

export interface SpecOptions {
  readonly nowMs: number;
  /** The flow's names of its steps outside. */
  readonly steps: { readonly submit: string; readonly cancel: string };
}

/** The words of one flow's specifications. */
export class Spec<State, Event extends AnyEvent, Commands extends Command> {
  readonly flow: Flow<State>;
  readonly options: SpecOptions;

  constructor(flow: Flow<State>, options: SpecOptions) {
    this.flow = flow;
    this.options = options;
  }

  fold(past: readonly (Event | Timed<Event>)[], from: State = this.flow.initialState): State {
    return past.reduce<State>((state, item) => {
      const { atMs, event } = 'event' in item ? item : at(this.options.nowMs, item);
      return this.flow.evolve(state, { ...(event as any), time: new Date(atMs).toISOString() });
    }, from);
  }

  /** Decides until it rests, as the engine does. A question without an outcome stops the run, as it does for the engine. */
  decideAll(
    start: State,
    first: { readonly step: string; readonly nowMs: number },
    asked: (participant: string, request: unknown) => unknown,
  ): Decided<Event> {
    const version = this.flow.versions[1]!;
    const events: Event[] = [];
    let state = start;
    let input = first;
    let decision = version.decide(state, input);
    for (;;) {
      if (decision.kind === 'record') {
        const recorded = decision.events as unknown as readonly Event[];
        events.push(...recorded);
        state = this.fold(
          recorded.map((event) => at(input.nowMs, event)),
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
  }

  given(...past: readonly (Event | Timed<Event>)[]) {
    const state = this.fold(past);
    return {
      state,
      when: (input: Input<Commands>) => new Consequence(this, state, input),
      /** Fields of the rows expected, in order. */
      waitsFor: (...rows: readonly Partial<PendingStep>[]) => {
        const actual = this.flow.pending(state);
        assert.deepEqual(
          actual.map((row, place) => pick(row, rows[place] ?? row)),
          rows,
        );
      },
      ignores: (event: Event) => assert.deepEqual(this.fold([event], state), state),
    };
  }
}

const pick = (row: PendingStep, like: Partial<PendingStep>): Partial<PendingStep> =>
  Object.fromEntries(Object.keys(like).map((key) => [key, row[key as keyof PendingStep]]));

class Consequence<State, Event extends AnyEvent, Commands extends Command> {
  readonly #spec: Spec<State, Event, Commands>;
  readonly #state: State;
  readonly #input: Input<Commands>;
  constructor(spec: Spec<State, Event, Commands>, state: State, input: Input<Commands>) {
    this.#spec = spec;
    this.#state = state;
    this.#input = input;
  }

  /** Everything that one append would hold. */
  records(...expected: readonly Event[]): void {
    assert.deepEqual(this.#run().events, expected);
  }

  waitsUntil(untilMs: number): void {
    const { events, end } = this.#run();
    assert.deepEqual(events, []);
    assert.deepEqual(end, { kind: 'wait', untilMs });
  }

  /** Asks, and stops there for want of an outcome. */
  asks(participant: string, request: unknown): void {
    assert.deepEqual(this.#run().end, { kind: 'ask', participant, request });
  }

  isRefused(code: string, detail?: RegExp): void {
    assert.throws(
      () => this.#run(),
      (error) => error instanceof HubError && error.code === code && (detail === undefined || detail.test(error.message)),
    );
  }

  #run(): Decided<Event> {
    const { flow, options } = this.#spec;
    const { nowMs } = options;
    const input = this.#input;
    if ('deciding' in input) {
      const first = { step: input.step ?? 'advance', nowMs: input.nowMs ?? nowMs };
      return this.#spec.decideAll(this.#state, first, (participant) => input.deciding[participant]);
    }
    const fromOutside = ('commanding' in input
      ? flow.command(this.#state, input.commanding, nowMs)
      : flow.report(this.#state, callOf(input, options), input.reporting)) as unknown as readonly Event[];
    if (fromOutside.length === 0) return { events: [], end: { kind: 'rest' } };
    const next = this.#spec.decideAll(this.#spec.fold(fromOutside, this.#state), { step: 'advance', nowMs }, () => undefined);
    return { events: [...fromOutside, ...next.events], end: next.end };
  }
}

const callOf = (
  { operation = 'submit', attempt = 1 }: { readonly operation?: 'submit' | 'cancel'; readonly attempt?: number },
  { steps }: SpecOptions,
) => ({ step: steps[operation], operation, attempt });
