/** A world in which one order lives: log, stock, discount and ERP, with every accident the flow must survive. Deterministic. */
import { HubError } from '@sagahub/contracts/errors.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import type { OrderCommand } from '../commands.ts';
import type { OrderState } from '../state.ts';
import { NOW_MS } from './examples.ts';
import { at, decideAll, flow, fold } from './spec.ts';

type Holding = 'held' | 'released' | 'refused';
type Report = { readonly call: ExternalCall; readonly report: CallReport };

/** What the ERP makes of a submission, and what we get to know of it. */
export const SUBMIT_FATES = [
  'done',
  /** The answer arrives after whatever comes in between. */
  'done-late',
  /** Done, and nothing heard. */
  'lost-answer',
  /** Nothing heard, and the ERP does it later. */
  'slow-commit',
  /** The process died, and the ERP had done it. */
  'crash-after',
  'crash-before',
  'refused',
  'not-done',
  'exhausted',
] as const;
export type SubmitFate = (typeof SUBMIT_FATES)[number];
export const CANCEL_FATES = ['done', 'lost-answer', 'failed', 'refused'] as const;
export type CancelFate = (typeof CANCEL_FATES)[number];

export class World {
  readonly log: OrderEvent[] = [];
  state: OrderState = flow.initialState;
  nowMs = NOW_MS;
  readonly stock = new Holdings();
  readonly discount = new Holdings();
  /** Live at the ERP. It refuses duplicates by key, so a cancelled reference stays known. */
  readonly erp = new Map<string, 'live' | 'cancelled'>();
  /** Submissions the ERP will still carry out. */
  underway = 0;
  late: Report[] = [];
  readonly outOfStock: boolean;

  constructor(received: OrderEvent, outOfStock: boolean) {
    this.outOfStock = outOfStock;
    this.#append([received]);
  }

  /** The orchestration queue's worker. `conflict`: somebody else appended first, so what was asked has happened and nothing is recorded. */
  decide(step: string, conflict = false): void {
    const { events } = decideAll(this.state, { step, nowMs: this.nowMs }, {}, (participant, request) => this.#answer(participant, request));
    if (!conflict) this.#append(events);
  }

  command(command: OrderCommand): void {
    try {
      this.#appendFact(flow.command(this.state, command, this.nowMs) as readonly OrderEvent[]);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
    }
  }

  submit(fate: SubmitFate, startedFirst: boolean): void {
    const call = flow.externalCall(this.state, 'erp-submit');
    if (!call) return;
    const known = [...this.erp.keys()][0];
    if (startedFirst) {
      // Nothing new is started before a look-up settled what may have been done.
      if (call.inDoubt && this.underway > 0) return;
      if (call.inDoubt && known) return this.#report({ call, report: { kind: 'succeeded', reference: known, alreadyThere: true } });
      this.#report({ call, report: { kind: 'started' } });
    }
    const make = (): string => {
      const erpRef = known ?? 'ERP-1';
      if (!known) this.erp.set(erpRef, 'live');
      return erpRef;
    };
    const failed = (certainty: 'not-done' | 'unknown'): Report => ({
      call,
      report: { kind: 'failed', certainty, reason: 'no answer', nextAtMs: this.nowMs + 1_000 },
    });
    // The key is checked before anything else: an order that is there already is never refused.
    switch (known && (fate === 'refused' || fate === 'exhausted') ? 'done' : fate) {
      case 'done':
        return this.#report({ call, report: { kind: 'succeeded', reference: make(), alreadyThere: known !== undefined } });
      case 'done-late':
        this.late.push({ call, report: { kind: 'succeeded', reference: make(), alreadyThere: known !== undefined } });
        return this.#report(failed('unknown'));
      case 'lost-answer':
        make();
        return this.#report(failed('unknown'));
      case 'slow-commit':
        if (!known) this.underway++;
        return this.#report(failed('unknown'));
      case 'crash-after':
        make();
        return;
      case 'crash-before':
        return;
      case 'refused':
        return this.#report({ call, report: { kind: 'refused', reason: 'no' } });
      case 'not-done':
        return this.#report(failed('not-done'));
      case 'exhausted':
        return this.#report({
          call,
          report: { kind: 'exhausted', reason: 'down', inDoubt: this.underway > 0, deadLetterId: `dead-${call.attempt}` },
        });
    }
  }

  cancel(fate: CancelFate): void {
    const call = flow.externalCall(this.state, 'erp-cancel');
    if (!call) return;
    if (fate === 'failed')
      return this.#report({ call, report: { kind: 'failed', certainty: 'unknown', reason: 'no', nextAtMs: this.nowMs + 1_000 } });
    if (fate === 'refused') return this.#report({ call, report: { kind: 'refused', reason: 'shipped' } });
    const erpRef = call.reference ?? [...this.erp.keys()][0];
    if (erpRef === undefined) {
      // "None found" is proof only once nothing can come any more.
      if (this.underway === 0) this.#report({ call, report: { kind: 'absent' } });
      return;
    }
    this.erp.set(erpRef, 'cancelled');
    if (fate === 'done') this.#report({ call, report: { kind: 'cancelled', reference: erpRef } });
  }

  /** Time passes. */
  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** The ERP carries out what it had taken in. */
  commitSlowly(): void {
    if (this.underway === 0) return;
    this.underway--;
    if (this.erp.size === 0) this.erp.set('ERP-1', 'live');
  }

  /** The ERP does against all promises what was proven absent, and says so. */
  doLate(erpRef: string): void {
    const { state } = this;
    const abandoned = 'compensation' in state && state.compensation === 'partial';
    if (state.status === 'none' || !state.order.erp || abandoned || this.erp.has(erpRef)) return;
    this.erp.set(erpRef, 'live');
    const call = { step: 'erp-submit', operation: 'submit', attempt: 1 } as ExternalCall;
    this.#report({ call, report: { kind: 'succeeded', reference: erpRef, alreadyThere: false } });
  }

  /** An answer that was on its way arrives; again, when `keep`. */
  deliver(keep: boolean): void {
    const report = keep ? this.late[0] : this.late.shift();
    if (report) this.#report(report);
  }

  /** Everything works and everybody does their job until the order rests. */
  settle(): void {
    for (let round = 0; round < 40 && flow.pending(this.state).length > 0; round++) {
      while (this.late.length > 0) this.deliver(false);
      while (this.underway > 0) this.commitSlowly();
      this.decide('advance');
      this.submit('done', false);
      this.cancel('done');
      if (this.state.status === 'stuck') this.command({ type: 'Redrive', by: 'op', reason: 'r', deadLetterId: this.state.deadLetterId });
      if (this.state.status === 'surplus') this.command({ type: 'Compensate', by: 'op', reason: 'r' });
      this.command({ type: 'RetryCompensation', by: 'op', reason: 'r' });
    }
  }

  get live(): readonly string[] {
    return [...this.erp].filter(([, is]) => is === 'live').map(([erpRef]) => erpRef);
  }

  #answer(participant: string, request: any): unknown {
    if (participant === 'breaker-history') return { openMs: 0 };
    const holdings = participant === 'stock' ? this.stock : this.discount;
    if (request.kind === 'release') return holdings.release();
    if (participant === 'stock')
      return holdings.take(this.outOfStock ? 'refused' : 'held', { kind: 'rejected', shortages: [] }, { kind: 'reserved' });
    return holdings.take('held', { kind: 'rejected', reason: 'used-up' }, { kind: 'applied', percent: '10' });
  }

  #report({ call, report }: Report): void {
    this.#appendFact(flow.report(this.state, call, report) as readonly OrderEvent[]);
  }

  #appendFact(events: readonly OrderEvent[]): void {
    if (events.length === 0) return;
    const next = decideAll(
      fold(
        events.map((event) => at(this.nowMs, event)),
        this.state,
      ),
      { step: 'advance', nowMs: this.nowMs },
      {},
    );
    this.#append([...events, ...next.events]);
  }

  #append(events: readonly OrderEvent[]): void {
    this.log.push(...events);
    this.state = fold(
      events.map((event) => at(this.nowMs, event)),
      this.state,
    );
  }
}

/** What a participant holds for the one order: the first answer stands, and a release leaves a tombstone. */
class Holdings {
  is: Holding | undefined;

  take(to: 'held' | 'refused', refusal: unknown, success: unknown): unknown {
    this.is ??= to;
    return this.is === 'released' ? { kind: 'released' } : this.is === 'held' ? success : refusal;
  }

  release(): unknown {
    this.is = 'released';
    return { kind: 'released' };
  }
}
