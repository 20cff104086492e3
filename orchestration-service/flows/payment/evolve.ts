import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { SagaEvent } from '@sagahub/contracts/saga.ts';
import {
  authorizationFailed,
  authorizationRequested,
  attemptFailed,
  approved,
  approvedAs,
  declined,
  pendingThere,
  retried,
} from './evolve-authorization.ts';
import { isReversed, type Known, type PaymentFacts, type PaymentState } from './state.ts';
import { processorReversed, reversalFailed, reversalRequested, takenBack } from './evolve-reversal.ts';
import * as effect from '../effect/effect.ts';
import { endingOf, resumed, withProcessor } from './transitions.ts';

/**
 * Folds one event. Total: an event that makes no sense in a state changes nothing, so that no order of events can break a reader.
 * Facts about the processor are taken in by every state.
 */
export const evolve = (state: PaymentState, event: SagaEvent): PaymentState => {
  const next = apply(state, event as unknown as PaymentEvent, event.time);
  if (event.sagaVersion === undefined || next.status === 'none' || next.payment.sagaVersion !== undefined) return next;
  return withPayment(next, { ...next.payment, sagaVersion: event.sagaVersion });
};

const apply = (state: PaymentState, event: PaymentEvent, time: string): PaymentState => {
  if (state.status === 'none') return event.type === 'PaymentReceived' ? received(event, time) : state;
  const nowMs = Date.parse(time);
  const { processor } = state.payment;
  switch (event.type) {
    case 'AuthorizationRequested':
      return authorizationRequested(state, event.data, nowMs);
    case 'AuthorizationAttemptStarted':
      return processor ? withProcessor(state, effect.attemptStarted(processor, event.data.attempt, nowMs)) : state;
    case 'AuthorizationAttemptFailed':
      return attemptFailed(state, event.data, nowMs);
    case 'AuthorizationPending':
      return pendingThere(state, event.data, nowMs);
    case 'AuthorizationFailed':
      return authorizationFailed(state, event.data, nowMs);
    case 'AuthorizationRetried':
      return retried(state, nowMs);
    case 'PaymentApproved':
      return approved(state, event.data, nowMs);
    case 'PaymentDeclined':
      return declined(state, event.data);
    case 'AuthorizationOverdueFlagged':
      return state.status === 'authorizing' ? { ...state, overdueFlagged: true } : state;
    case 'AuthorizationDeadlineExceeded':
      return state.status === 'authorizing' || state.status === 'stuck'
        ? takenBack(state, { kind: 'expired', expiresAt: event.data.expiresAt }, nowMs)
        : state;
    case 'CancellationRequested':
    case 'CompensationRequested':
      return state.status === 'received' || state.status === 'authorizing' || state.status === 'stuck'
        ? takenBack(state, { kind: 'cancelled', ...reasonOf(event.data) }, nowMs)
        : state;
    case 'RefundRequested':
      return refundRequested(state, event.data, nowMs);
    case 'ReversalRequested':
      return reversalRequested(state, event.data, nowMs);
    case 'ReversalAttemptFailed':
      return reversalFailed(state, event.data);
    case 'PaymentReversed':
      return processorReversed(state, event.data, nowMs);
    case 'CompensationFailed':
      return state.status === 'reversing' ? { ...state, status: 'halted', sinceMs: nowMs } : state;
    case 'CompensationRetried':
      return state.status === 'halted' ? resumed(state, nowMs) : state;
    case 'ResolvedByHand':
      return resolvedByHand(state, event.data, nowMs);
    case 'PaymentExpired':
      if (state.status !== 'received') return ended(state);
      return { status: 'ended', payment: state.payment, end: { kind: 'expired', expiresAt: event.data.expiresAt } };
    case 'PaymentCancelled':
    case 'PaymentRefunded':
      return ended(state);
    default:
      return state;
  }
};

const received = (event: Extract<PaymentEvent, { type: 'PaymentReceived' }>, time: string): PaymentState => ({
  status: 'received',
  payment: { received: event.data, personal: event.private, receivedAt: time, sagaVersion: undefined, processor: undefined },
});

/** Of one that is approved, a surplus at the processor or not. */
const refundRequested = (state: Known, data: { readonly reason?: string }, nowMs: number): PaymentState => {
  if (state.status === 'approved') {
    const { processorRef } = state;
    return takenBack(state, { kind: 'refunded', processorRef, ...reasonOf(data) }, nowMs);
  }
  if ((state.status !== 'reversing' && state.status !== 'halted') || state.end.kind !== 'approved') return state;
  const end = { kind: 'refunded', processorRef: state.end.processorRef, ...reasonOf(data) } as const;
  const going = state.status === 'halted' ? resumed(state, nowMs) : state;
  return { ...going, end, isTold: false };
};

/** What an operator saw: of a stuck payment that nothing is there, of one that cannot be taken back that it stands. */
const resolvedByHand = (
  state: Known,
  { processor: is, processorRef }: Extract<PaymentEvent, { type: 'ResolvedByHand' }>['data'],
  nowMs: number,
): PaymentState => {
  if (state.status === 'stuck' && is === 'absent') return withProcessor(state, { ...state.payment.processor, doubt: undefined });
  const { processor } = state.payment;
  if (state.status !== 'halted' || is !== 'live' || !processor || processorRef === undefined) return state;
  const stands = effect.effectOf(processor, processorRef);
  if (!stands?.live || !stands.reported) return state;
  return approvedAs({ ...state.payment, processor }, processorRef, nowMs);
};

const ended = (state: Known): PaymentState =>
  state.status === 'reversing' && isReversed(state.payment, state.end) ? endingOf(state) : state;

const reasonOf = ({ reason }: { readonly reason?: string }) => ({ ...(reason !== undefined && { reason }) });

const withPayment = (state: Known, payment: PaymentFacts): PaymentState => ({ ...state, payment }) as PaymentState;
