/** Moves that more than one event makes. */
import { cancellationRetried, referenceLearned, type Undoing } from '../effect/undoing.ts';
import type { Compensating, Ending, ErpStep, Halted, OrderFacts, OrderState } from './state.ts';

export type Known = Exclude<OrderState, { status: 'none' }>;

/** Replaces what is known of the ERP, in whatever status. */
export const withErp = <State extends Known>(state: State, erp: ErpStep): State => ({ ...state, order: { ...state.order, erp } });

/** Everything that was done is to be undone. */
export const undoing = (order: OrderFacts, end: Ending, nowMs: number): Compensating => ({
  status: 'compensating',
  order,
  end,
  sinceMs: nowMs,
  cancellation: undefined,
});

/** Moves the ERP's part of an undoing on. */
export const atErp = <State extends Compensating | Halted>(state: State, move: (undoing: Undoing<ErpStep>) => Undoing<ErpStep>): State => {
  const { erp } = state.order;
  if (!erp) return state;
  const { effect, cancellation } = move({ effect: erp, cancellation: state.cancellation });
  return { ...withErp(state, effect), cancellation };
};

/** A halted chain goes on with a new round of attempts. */
export const resumed = (state: Halted, nowMs: number): Compensating =>
  atErp({ ...state, status: 'compensating', sinceMs: nowMs } as const, (erp) => cancellationRetried(erp, nowMs));

export const withReference = (state: Compensating, erpRef: string, nowMs: number): Compensating =>
  atErp(state, (erp) => referenceLearned(erp, erpRef, nowMs));
