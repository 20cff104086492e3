/** How an order's state follows its compensation. Each function takes any state and leaves foreign ones alone. */
import type {
  Compensation,
  ErpCancellationAttemptFailed,
  ErpCancellationRequested,
  ErpOrderCancelled,
} from '@sagahub/contracts/messages/order.ts';
import { unwantedEffect } from '../effect/effect.ts';
import { cancellationAfter, cancellationFailed, cancellationOpened, effectGone } from '../effect/undoing.ts';
import { type Ending, keptAtErp, type OrderState } from './state.ts';
import { atErp, type Known, resumed, undoing, withErp } from './transitions.ts';

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

export const erpCancellationRequested = (state: Known, { erpRef }: ErpCancellationRequested['data'], nowMs: number): OrderState =>
  state.status === 'compensating' && !state.cancellation ? atErp(state, ({ effect }) => cancellationOpened(effect, erpRef, nowMs)) : state;

export const cancellationAttemptFailed = (state: Known, data: ErpCancellationAttemptFailed['data']): OrderState =>
  state.status === 'compensating' ? atErp(state, (erp) => cancellationFailed(erp, data)) : state;

/** A late confirmation also sets a halted chain going again. */
export const erpOrderCancelled = (state: Known, { erpRef }: ErpOrderCancelled['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  if (!erp) return state;
  const gone = effectGone(erp, erpRef);
  const next = withErp(state, gone);
  if (next.status !== 'compensating' && next.status !== 'halted') return next;
  const kept = keptAtErp(next.end);
  const after = atErp(next, (erpSide) => cancellationAfter(erpSide, erpRef, kept));
  if (after.status === 'compensating') return after;
  return unwantedEffect(gone, kept) ? resumed(after, nowMs) : { ...after, status: 'compensating' };
};

export const compensationFailed = (state: Known, nowMs: number): OrderState =>
  state.status === 'compensating' ? { ...state, status: 'halted', sinceMs: nowMs } : state;

export const compensationRetried = (state: Known, nowMs: number): OrderState => (state.status === 'halted' ? resumed(state, nowMs) : state);

export const ended = (state: Known, status: 'rejected' | 'cancelled', compensation: Compensation): OrderState =>
  state.status === 'compensating' || state.status === 'halted' ? { status, order: state.order, end: state.end, compensation } : state;
