/** How an order's state follows what happens while it is sent to the ERP. Each function takes any state and leaves foreign ones alone. */
import type {
  ErpAttemptFailed,
  ErpAttemptStarted,
  ErpSubmissionFailed,
  ErpSubmissionRefused,
  ErpSubmissionRequested,
  OrderSentToErp,
} from '@sagahub/contracts/messages/order.ts';
import * as effect from '../effect/effect.ts';
import { absenceMs, type OrderAtErp, type OrderFacts, type OrderState } from './state.ts';
import { type Known, resumed, undoing, withErp, withReference } from './transitions.ts';

export const submissionRequested = (state: Known, data: ErpSubmissionRequested['data'], nowMs: number): OrderState => {
  if (state.status !== 'received') return state;
  const erp = { ...data, ...effect.firstSubmission(data.connector) };
  return submitting({ ...state.order, erp }, 1, nowMs);
};

const submitting = (order: OrderAtErp, firstOfRound: number, nowMs: number): OrderState => ({
  status: 'submitting',
  order,
  sinceMs: nowMs,
  firstOfRound,
  nextAtMs: nowMs,
  absentMs: 0,
  overdueFlagged: false,
});

export const attemptStarted = (state: Known, { attempt }: ErpAttemptStarted['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  return erp ? withErp(state, effect.attemptStarted(erp, attempt, nowMs)) : state;
};

export const attemptFailed = (state: Known, data: ErpAttemptFailed['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  const failed = erp && effect.attemptFailed(erp, data, nowMs);
  if (!failed || failed === erp) return state;
  const next = withErp(state, failed);
  if (next.status !== 'submitting') return next;
  return { ...next, absentMs: next.absentMs + absenceMs(next.nextAtMs, nowMs), nextAtMs: Date.parse(data.nextAt) };
};

export const submissionRefused = (state: Known, data: ErpSubmissionRefused['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  if (!erp || data.attempt <= erp.answered) return state;
  const answered = effect.attemptAnswered(erp, data.attempt);
  if (state.status !== 'submitting') return withErp(state, answered);
  const end = { kind: 'rejected', reason: 'erp-refused', detail: data.reason } as const;
  return undoing(withErp(state, { ...answered, settled: answered.doubt === undefined }).order, end, nowMs);
};

export const submissionFailed = (state: Known, data: ErpSubmissionFailed['data'], nowMs: number): OrderState => {
  if (state.status !== 'submitting') return state;
  const erp = effect.attemptAnswered(state.order.erp, data.attempts, data.inDoubt ? nowMs : undefined);
  const order = { ...state.order, erp };
  return { status: 'stuck', order, deadLetterId: data.deadLetterId, sinceMs: nowMs };
};

/** A new round of attempts; its clocks start anew, so that a long wait for the operator does not count against the order. */
export const submissionRetried = (state: Known, nowMs: number): OrderState => {
  if (state.status !== 'stuck') return state;
  const erp = effect.anotherRound(state.order.erp);
  return submitting({ ...state.order, erp }, erp.attempt, nowMs);
};

/**
 * The ERP made the order: known in every state from now on. One that is being undone learns what to cancel (and goes on, if it was
 * halted), one that had ended is reopened, and a completed one that gets a second is an operator's matter.
 */
export const sentToErp = (state: Known, { erpRef, attempt }: OrderSentToErp['data'], nowMs: number): OrderState => {
  const { erp } = state.order;
  if (!erp) return state;
  const made = effect.effectMade(erp, erpRef, attempt);
  const live = effect.effectOf(made, erpRef)?.live;
  const next = withErp(state, made);
  switch (next.status) {
    case 'submitting':
    case 'stuck':
      return { status: 'sent', order: next.order, erpRef, sinceMs: nowMs };
    case 'completed':
      return live && erpRef !== next.erpRef ? { status: 'surplus', order: next.order, erpRef: next.erpRef, sinceMs: nowMs } : next;
    case 'compensating':
      return live ? withReference(next, erpRef, nowMs) : next;
    case 'halted':
      return live ? withReference(resumed(next, nowMs), erpRef, nowMs) : resumed(next, nowMs);
    case 'rejected':
    case 'cancelled':
      // Of one that was cancelled there already, it ends again at once.
      return undoing(next.order, next.end, nowMs);
    default:
      return next;
  }
};

export const completed = (state: Known, erpRef: string, nowMs: number): OrderState => {
  const stands = state.status === 'sent' || (state.status === 'compensating' && state.end.kind === 'completed');
  if (!stands || !isAtErp(state.order)) return state;
  const { order } = state;
  return effect.unwantedEffect(order.erp, erpRef)
    ? { status: 'surplus', order, erpRef, sinceMs: nowMs }
    : { status: 'completed', order, erpRef };
};

const isAtErp = (order: OrderFacts): order is OrderAtErp => order.erp !== undefined;

export const deadlineExceeded = (state: Known, nowMs: number): OrderState =>
  state.status === 'submitting' ? undoing(state.order, { kind: 'rejected', reason: 'erp-deadline' }, nowMs) : state;
