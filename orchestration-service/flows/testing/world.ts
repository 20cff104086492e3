/** A world in which one object of a flow lives: its log, and a third party with every accident the flow must survive. Deterministic. */
import assert from 'node:assert/strict';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { CallReport, Command, ExternalCall } from '@sagahub/contracts/saga.ts';
import { type AnyEvent, at, type Spec } from './spec.ts';

export interface Report {
  readonly call: ExternalCall;
  readonly report: CallReport;
}

/** What the third party makes of a submission, and what we get to know of it. */
export const SUBMIT_FATES = [
  'done',
  /** The answer arrives after whatever comes in between. */
  'done-late',
  /** Done, and nothing heard. */
  'lost-answer',
  /** Nothing heard, and it is done later. */
  'slow-commit',
  /** The process died, and it had been done. */
  'crash-after',
  'crash-before',
  'refused',
  'not-done',
  'exhausted',
] as const;
export type SubmitFate = (typeof SUBMIT_FATES)[number];
export const CANCEL_FATES = ['done', 'lost-answer', 'failed', 'refused'] as const;
export type CancelFate = (typeof CANCEL_FATES)[number];

export abstract class World<State, Event extends AnyEvent, Commands extends Command> {
  readonly spec: Spec<State, Event, Commands>;
  readonly log: Event[] = [];
  state: State;
  nowMs: number;
  /** By reference. It refuses duplicates by key, so one that was cancelled stays known. */
  readonly there = new Map<string, 'live' | 'cancelled'>();
  /** Submissions it will still carry out. */
  underway = 0;
  late: Report[] = [];
  readonly #firstReference: string;

  /** @param firstReference under which the third party makes it */
  constructor(spec: Spec<State, Event, Commands>, received: Event, firstReference: string) {
    this.spec = spec;
    this.state = spec.flow.initialState;
    this.nowMs = spec.options.nowMs;
    this.#firstReference = firstReference;
    this.append([received]);
  }

  /** What a participant answers to the saga. */
  protected abstract answer(participant: string, request: unknown): unknown;
  /** What was proven absent and cannot come any more, because somebody chose to leave it. */
  protected abstract isGivenUp(): boolean;
  /** Everything works and everybody does their job until the object rests. */
  abstract settle(): void;

  /** The orchestration queue's worker. `conflict`: somebody else appended first, so what was asked has happened and nothing is recorded. */
  decide(step: string, conflict = false): void {
    const { events } = this.spec.decideAll(this.state, { step, nowMs: this.nowMs }, (participant, request) =>
      this.answer(participant, request),
    );
    if (!conflict) this.append(events);
  }

  command(command: Commands): void {
    try {
      this.#appendFact(this.spec.flow.command(this.state, command, this.nowMs) as unknown as readonly Event[]);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
    }
  }

  submit(fate: SubmitFate, startedFirst: boolean): void {
    const call = this.submitCall(startedFirst);
    if (call) this.carryOut(call, fate);
  }

  protected carryOut(call: ExternalCall, fate: SubmitFate): void {
    const { known } = this;
    const failed = (certainty: 'not-done' | 'unknown') => this.report(this.failure(call, certainty));
    // The key is checked before anything else: what is there already is never refused.
    switch (known !== undefined && (fate === 'refused' || fate === 'exhausted') ? 'done' : fate) {
      case 'done':
        return this.report(this.success(call, known));
      case 'done-late':
        this.late.push(this.success(call, known));
        return failed('unknown');
      case 'lost-answer':
        this.make();
        return failed('unknown');
      case 'slow-commit':
        if (known === undefined) this.underway++;
        return failed('unknown');
      case 'crash-after':
        this.make();
        return;
      case 'crash-before':
        return;
      case 'refused':
        return this.report({ call, report: { kind: 'refused', reason: 'no' } });
      case 'not-done':
        return failed('not-done');
      case 'exhausted': {
        const deadLetterId = `dead-${call.attempt}`;
        return this.report({ call, report: { kind: 'exhausted', reason: 'down', inDoubt: this.underway > 0, deadLetterId } });
      }
    }
  }

  /** The call that is wanted now, written down before where the third party may make duplicates. */
  protected submitCall(startedFirst: boolean): ExternalCall | undefined {
    const call = this.spec.flow.externalCall(this.state, this.spec.options.steps.submit);
    if (!call || !startedFirst || call.reference !== undefined) return call;
    // Nothing new is started before a look-up settled what may have been done.
    if (call.inDoubt && this.underway > 0) return undefined;
    if (call.inDoubt && this.known !== undefined) {
      this.report(this.success(call, this.known));
      return undefined;
    }
    this.report({ call, report: { kind: 'started' } });
    return call;
  }

  get known(): string | undefined {
    return this.there.keys().next().value;
  }

  protected make(): string {
    const reference = this.known ?? this.#firstReference;
    if (!this.there.has(reference)) this.there.set(reference, 'live');
    return reference;
  }

  protected success(call: ExternalCall, known: string | undefined): Report {
    return { call, report: { kind: 'succeeded', reference: this.make(), alreadyThere: known !== undefined } };
  }

  protected failure(call: ExternalCall, certainty: 'not-done' | 'unknown'): Report {
    return { call, report: { kind: 'failed', certainty, reason: 'no answer', nextAtMs: this.nowMs + 1_000 } };
  }

  cancel(fate: CancelFate): void {
    const call = this.spec.flow.externalCall(this.state, this.spec.options.steps.cancel);
    if (!call) return;
    if (fate === 'failed') return this.report(this.failure(call, 'unknown'));
    const reference = call.reference ?? this.known;
    // What it has taken back already, its answer having been lost, it does not refuse to take back: a refusal is its word that it stands.
    const isBack = reference !== undefined && this.there.get(reference) === 'cancelled';
    if (fate === 'refused' && !isBack) return this.report({ call, report: { kind: 'refused', reason: 'shipped' } });
    if (reference === undefined) {
      // "None found" is proof only once nothing can come any more.
      if (this.underway === 0) this.report({ call, report: { kind: 'absent' } });
      return;
    }
    this.there.set(reference, 'cancelled');
    if (fate !== 'lost-answer') this.report({ call, report: { kind: 'cancelled', reference } });
  }

  /** Time passes. */
  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** The third party carries out what it had taken in. */
  commitSlowly(): void {
    if (this.underway === 0) return;
    this.underway--;
    if (this.there.size === 0) this.make();
  }

  /** The third party does against all promises what was proven absent, and says so. */
  doLate(reference: string): void {
    if (this.isGivenUp() || this.there.has(reference)) return;
    this.there.set(reference, 'live');
    const call = { step: this.spec.options.steps.submit, operation: 'submit', attempt: 1 } as ExternalCall;
    this.report({ call, report: { kind: 'succeeded', reference, alreadyThere: false } });
  }

  /** An answer that was on its way arrives; again, when `keep`. */
  deliver(keep: boolean): void {
    const report = keep ? this.late[0] : this.late.shift();
    if (report) this.report(report);
  }

  get live(): readonly string[] {
    return [...this.there].filter(([, is]) => is === 'live').map(([reference]) => reference);
  }

  /** Recorded once, however often it is told. */
  protected report({ call, report }: Report): void {
    const { flow } = this.spec;
    this.#appendFact(flow.report(this.state, call, report) as unknown as readonly Event[]);
    assert.deepEqual(flow.report(this.state, call, report), [], `${report.kind} is recorded twice`);
  }

  #appendFact(events: readonly Event[]): void {
    if (events.length === 0) return;
    const known = this.spec.fold(
      events.map((event) => at(this.nowMs, event)),
      this.state,
    );
    const next = this.spec.decideAll(known, { step: 'advance', nowMs: this.nowMs }, () => undefined);
    this.append([...events, ...next.events]);
  }

  protected append(events: readonly Event[]): void {
    this.log.push(...events);
    this.state = this.spec.fold(
      events.map((event) => at(this.nowMs, event)),
      this.state,
    );
  }
}
