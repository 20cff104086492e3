/** Moves that more than one event makes. */
import type { Compensating, Ending, ErpEffect, ErpStep, Halted, OrderFacts, OrderState } from './state.ts';

export type Known = Exclude<OrderState, { status: 'none' }>;

/** Replaces what is known of the ERP, in whatever status. */
export const withErp = <State extends Known>(state: State, erp: ErpStep): State => ({ ...state, order: { ...state.order, erp } });

export const withEffect = (effects: readonly ErpEffect[], effect: ErpEffect): readonly ErpEffect[] => [
  ...effects.filter(({ erpRef }) => erpRef !== effect.erpRef),
  effect,
];

/** Everything that was done is to be undone. */
export const undoing = (order: OrderFacts, end: Ending, nowMs: number): Compensating => ({
  status: 'compensating',
  order,
  end,
  sinceMs: nowMs,
  cancellation: undefined,
});

/** A halted chain goes on with a new round of attempts. */
export const resumed = (state: Halted, nowMs: number): Compensating => {
  const { cancellation, order } = state;
  const retried = { ...state, status: 'compensating', sinceMs: nowMs } as const;
  if (!order.erp || !cancellation) return retried;
  const cancelAttempt = order.erp.cancelAttempt + 1;
  return {
    ...withErp(retried, { ...order.erp, cancelAttempt }),
    cancellation: { ...cancellation, firstOfRound: cancelAttempt, nextAtMs: nowMs },
  };
};

/** A new attempt, so that what an older one finds or fails at (it looked for an unknown reference) no longer counts. */
export const withReference = (state: Compensating, erpRef: string, nowMs: number): Compensating => {
  const { cancellation, order } = state;
  if (!order.erp || !cancellation || cancellation.erpRef !== undefined) return state;
  const cancelAttempt = order.erp.cancelAttempt + 1;
  return { ...withErp(state, { ...order.erp, cancelAttempt }), cancellation: { ...cancellation, erpRef, nextAtMs: nowMs } };
};
