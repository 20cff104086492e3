import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import { type SubmitFate, World as WorldOf } from '../../testing/world.ts';
import type { PaymentCommand } from '../commands.ts';
import type { PaymentState } from '../state.ts';
import { flow, payments } from './spec.ts';

/** What a processor does besides: it decides later, and says so; or decides later, and the answer that says so is lost. */
export const LATER_FATES = ['pending', 'pending-lost', 'pending-anonymous'] as const;
export type LaterFate = (typeof LATER_FATES)[number];

const REFERENCE = 'T-1';

/** One payment with its processor, which knows it by one key, and sends callbacks beside its answers, once, twice, or much later. */
export class World extends WorldOf<PaymentState, PaymentEvent, PaymentCommand> {
  /** What the processor has decided; `later`: it has it, and decides when {@link settleLater} says so. */
  decision: 'later' | 'declined' | undefined;

  constructor(received: PaymentEvent) {
    super(payments, received, REFERENCE);
  }

  protected answer(): undefined {
    return undefined;
  }

  protected isGivenUp(): boolean {
    return this.state.status === 'none' || !this.state.payment.processor;
  }

  protected override carryOut(call: ExternalCall, fate: SubmitFate): void {
    if (this.known !== undefined) this.decision = undefined;
    if (this.decision === 'declined') {
      if (fate === 'crash-before' || fate === 'crash-after') return;
      return this.report(fate === 'done' || fate === 'refused' ? this.#decline(call) : this.failure(call, 'unknown'));
    }
    if (this.decision === 'later' || call.reference !== undefined) return this.#ask(call, fate);
    if (fate === 'refused' && this.known === undefined && this.underway === 0) this.decision = 'declined';
    else if (fate === 'refused') return this.report(this.failure(call, 'unknown'));
    return super.carryOut(call, fate);
  }

  /** Asking what is pending has no effect; what fails is not reported. */
  #ask(call: ExternalCall, fate: SubmitFate): void {
    if (this.there.get(REFERENCE) === 'cancelled') return this.report({ call, report: { kind: 'refused', reason: 'reversed' } });
    if (fate === 'done') this.report({ call, report: this.#pendingOrDone() });
  }

  #pendingOrDone(): CallReport {
    return this.decision === 'later'
      ? { kind: 'pending', reference: REFERENCE, nextAtMs: this.nowMs + 2_000 }
      : { kind: 'succeeded', reference: this.make(), alreadyThere: true };
  }

  #decline(call: ExternalCall): { call: ExternalCall; report: CallReport } {
    return { call, report: { kind: 'refused', reason: 'insufficient-funds' } };
  }

  submitLater(fate: LaterFate, startedFirst: boolean): void {
    const call = this.submitCall(startedFirst);
    if (!call) return;
    if (this.known !== undefined || this.decision !== undefined || this.underway > 0) return this.carryOut(call, 'done');
    this.decision = 'later';
    if (fate === 'pending-lost') return this.report(this.failure(call, 'unknown'));
    const nextAtMs = this.nowMs + 2_000;
    this.report({ call, report: { kind: 'pending', nextAtMs, ...(fate === 'pending' && { reference: REFERENCE }) } });
  }

  /** The processor decides what it had put off. */
  settleLater(approves: boolean): void {
    if (this.decision !== 'later') return;
    this.decision = approves ? undefined : 'declined';
    if (approves) this.make();
  }

  /** What is pending is taken back as what is approved is. */
  override cancel(fate: Parameters<WorldOf<PaymentState, PaymentEvent, PaymentCommand>['cancel']>[0]): void {
    if (this.decision === 'later' && fate !== 'failed' && fate !== 'refused') {
      if (!flow.externalCall(this.state, 'reverse')) return;
      this.decision = undefined;
      this.make();
    }
    super.cancel(fate);
  }

  /** It tells what it has decided, whether or not anybody was told before. */
  callback(keep: boolean): void {
    const call = { step: 'authorize', operation: 'submit', attempt: 1 } as ExternalCall;
    const detail = { answeredBy: 'callback' };
    const [reference] = this.live;
    const report: CallReport | undefined =
      this.decision === 'declined'
        ? { kind: 'refused', reason: 'insufficient-funds', detail }
        : reference === undefined
          ? undefined
          : { kind: 'succeeded', reference, alreadyThere: true, detail };
    if (!report) return;
    if (keep) this.late.push({ call, report });
    if (!this.isGivenUp()) this.report({ call, report });
  }

  settle(): void {
    for (let round = 0; round < 40 && flow.pending(this.state).length > 0; round++) {
      while (this.late.length > 0) this.deliver(false);
      while (this.underway > 0) this.commitSlowly();
      this.settleLater(true);
      this.decide('advance');
      this.submit('done', false);
      this.cancel('done');
      if (this.state.status === 'stuck') this.command({ type: 'Redrive', by: 'op', reason: 'r', deadLetterId: this.state.deadLetterId });
      this.command({ type: 'RetryCompensation', by: 'op', reason: 'r' });
    }
  }
}
