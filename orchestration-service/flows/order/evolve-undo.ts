/** How an order's state follows its compensation. Each function takes any state and leaves foreign ones alone. */
import type {
  Compensation,
  ErpCancellationAttemptFailed,
  ErpCancellationRequested,
  ErpOrderCancelled,
} from '@sagahub/contracts/messages/order.ts';
import { type Ending, type OrderState, unwantedEffect } from './state.ts';
import { type Known, resumed, undoing, withEffect, withErp } from './transitions.ts';

/** Somebody wants it undone: the partner, or an operator. A surplus alone is undone where the order stands. */
export const cancellationRequested = (state: Known, end: Ending, nowMs: number): OrderState => {
  switch (state.status) {
    case 'received':
    case 'submitting':
    case 'sent':
    case 'stuck':
      return undoing(state.order, end, nowMs);
    case 'surplus':
      return end.kind === 'rejected' ? undoing(state.order, { kind: 'completed', erpRef: state.erpRef }, nowMs) : state;
    default:
      return state;
  }
};

export const erpCancellationRequested = (state: Known, { erpRef }: ErpCancellationRequested['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  if (state.status !== 'compensating' || !erp || state.cancellation) return state;
  const cancelAttempt = erp.cancelAttempt + 1;
  const cancellation = { ...(erpRef !== undefined && { erpRef }), firstOfRound: cancelAttempt, requestedAtMs: nowMs, nextAtMs: nowMs };
  return { ...withErp(state, { ...erp, cancelAttempt }), cancellation };
};

export const cancellationAttemptFailed = (state: Known, data: ErpCancellationAttemptFailed['data']): OrderState => {
  const { erp } = state.order;
  if (state.status !== 'compensating' || !erp || !state.cancellation || erp.cancelAttempt !== data.attempt) return state;
  const next = withErp(state, { ...erp, cancelAttempt: data.attempt + 1 });
  return { ...next, cancellation: { ...state.cancellation, nextAtMs: Date.parse(data.nextAt) } };
};

/**
 * One effect less, or the proof that there is none. Without a reference it proves nothing about effects that are known meanwhile.
 * A late confirmation also sets a halted chain going again.
 */
export const erpOrderCancelled = (state: Known, { erpRef }: ErpOrderCancelled['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  if (!erp) return state;
  const reported = erp.effects.some((effect) => effect.erpRef === erpRef && effect.reported);
  const effects = erpRef === undefined ? erp.effects : withEffect(erp.effects, { erpRef, reported, live: false });
  const next = withErp(state, { ...erp, effects });
  if (next.status !== 'compensating' && next.status !== 'halted') return next;
  const { end, order, sinceMs, cancellation } = next;
  if (!unwantedEffect({ ...erp, effects }, end)) {
    const settled = { ...erp, effects, doubt: undefined, settled: true };
    return { status: 'compensating', order: { ...order, erp: settled }, end, sinceMs, cancellation: undefined };
  }
  const wasNext = erpRef !== undefined && cancellation?.erpRef === erpRef;
  const going = next.status === 'halted' ? resumed(next, nowMs) : next;
  return wasNext ? { ...going, cancellation: undefined } : going;
};

export const compensationFailed = (state: Known, nowMs: number): OrderState =>
  state.status === 'compensating' ? { ...state, status: 'halted', sinceMs: nowMs } : state;

export const compensationRetried = (state: Known, nowMs: number): OrderState => (state.status === 'halted' ? resumed(state, nowMs) : state);

export const ended = (state: Known, status: 'rejected' | 'cancelled', compensation: Compensation): OrderState =>
  state.status === 'compensating' || state.status === 'halted' ? { status, order: state.order, end: state.end, compensation } : state;
