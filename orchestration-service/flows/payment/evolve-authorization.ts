/** How a payment's state follows what the processor says of it. Each function takes any state and leaves foreign ones alone. */
import type {
  AuthorizationAttemptFailed,
  AuthorizationFailed,
  AuthorizationPending,
  AuthorizationRequested,
  PaymentApproved,
  PaymentDeclined,
} from '@sagahub/contracts/messages/payment.ts';
import * as effect from '../effect/effect.ts';
import { settledIfTold } from './evolve-reversal.ts';
import type { Known, PaymentAtProcessor, PaymentState, ProcessorStep } from './state.ts';
import { foundThere, reversing, withProcessor } from './transitions.ts';

export const authorizationRequested = (
  state: Known,
  { connector, overdueAfterMs, expiresAt }: AuthorizationRequested['data'],
  nowMs: number,
): PaymentState => {
  if (state.status !== 'received') return state;
  return authorizing(
    { ...state.payment, processor: { ...effect.firstSubmission(connector), overdueAfterMs, expiresAt, declinedRefs: [] } },
    1,
    nowMs,
  );
};

const authorizing = (payment: PaymentAtProcessor, firstOfRound: number, nowMs: number): PaymentState => ({
  status: 'authorizing',
  payment,
  sinceMs: nowMs,
  firstOfRound,
  nextAtMs: nowMs,
  overdueFlagged: false,
});

export const attemptFailed = (state: Known, data: AuthorizationAttemptFailed['data'], nowMs: number): PaymentState => {
  const { processor } = state.payment;
  const failed = processor && effect.attemptFailed(processor, data, nowMs);
  if (!failed || failed === processor) return state;
  const next = withProcessor(state, failed);
  return next.status === 'authorizing' ? { ...next, nextAtMs: Date.parse(data.nextAt) } : next;
};

/** The processor has it: from now on it is asked by its reference, or taken back by it. Without one the attempt stays in doubt. */
export const pendingThere = (
  state: Known,
  { attempt, processorRef, nextAt }: AuthorizationPending['data'],
  nowMs: number,
): PaymentState => {
  const { processor } = state.payment;
  if (!processor) return state;
  const next = withProcessor(state, knownPending(processor, attempt, processorRef, nowMs));
  if (next.status === 'authorizing') return { ...next, nextAtMs: Date.parse(nextAt) };
  return processorRef === undefined ? next : appeared(next, processorRef, nowMs);
};

const knownPending = (processor: ProcessorStep, attempt: number, reference: string | undefined, nowMs: number): ProcessorStep => {
  if (reference === undefined)
    return processor.settled ? processor : { ...processor, doubt: { attempt, startedAtMs: nowMs, endedAtMs: nowMs } };
  if (effect.effectOf(processor, reference) || processor.declinedRefs.includes(reference)) return processor;
  return { ...processor, doubt: undefined, effects: effect.withEffect(processor.effects, { reference, reported: false, live: true }) };
};

export const authorizationFailed = (state: Known, data: AuthorizationFailed['data'], nowMs: number): PaymentState => {
  if (state.status !== 'authorizing') return state;
  const processor = effect.attemptAnswered(state.payment.processor, data.attempts, data.inDoubt ? nowMs : undefined);
  return { status: 'stuck', payment: { ...state.payment, processor }, deadLetterId: data.deadLetterId, sinceMs: nowMs };
};

/** A new round of attempts. */
export const retried = (state: Known, nowMs: number): PaymentState => {
  if (state.status !== 'stuck') return state;
  const processor = effect.anotherRound(state.payment.processor);
  return authorizing({ ...state.payment, processor }, processor.attempt, nowMs);
};

/**
 * The processor approved it: known in every state from now on. What was given up is taken back, and so is a second one beside the one
 * that stands.
 */
export const approved = (state: Known, { processorRef, attempt }: PaymentApproved['data'], nowMs: number): PaymentState => {
  const { processor } = state.payment;
  if (!processor) return state;
  const next = withProcessor(state, effect.effectMade(processor, processorRef, attempt));
  if (next.status !== 'authorizing' && next.status !== 'stuck') return appeared(next, processorRef, nowMs);
  return approvedAs(next.payment, processorRef, nowMs);
};

/** Whatever else the processor has of it, such as one that is pending under another reference, is taken back. */
export const approvedAs = (payment: PaymentAtProcessor, processorRef: string, nowMs: number): PaymentState =>
  effect.unwantedEffect(payment.processor, processorRef)
    ? reversing(payment, { kind: 'approved', processorRef }, true, nowMs)
    : { status: 'approved', payment, processorRef };

/** An effect at the processor where none was wanted (any more). */
const appeared = (state: Known, reference: string, nowMs: number): PaymentState => {
  const isLive = state.payment.processor && effect.effectOf(state.payment.processor, reference)?.live;
  if (!isLive) return state;
  switch (state.status) {
    case 'approved':
      return reference === state.processorRef
        ? state
        : reversing(state.payment, { kind: 'approved', processorRef: state.processorRef }, true, nowMs);
    case 'reversing':
    case 'halted':
      return state.end.kind === 'approved' && state.end.processorRef === reference ? state : foundThere(state, reference, nowMs);
    case 'ended':
      return reversing(state.payment, state.end, true, nowMs);
    default:
      return state;
  }
};

/** The processor knows a payment by one key, so that what it declined is proof of absence, whichever attempt it answers. */
export const declined = (state: Known, { attempt }: PaymentDeclined['data']): PaymentState => {
  const { processor } = state.payment;
  if (!processor || processor.settled || state.status === 'approved' || processor.effects.some(({ reported, live }) => reported && live))
    return state;
  const wasPending = processor.effects.filter(({ live }) => live);
  const next = withProcessor(state, {
    ...processor,
    effects: processor.effects.filter(({ live }) => !live),
    declinedRefs: [...processor.declinedRefs, ...wasPending.map(({ reference }) => reference)],
    doubt: undefined,
    settled: true,
    answered: Math.max(processor.answered, attempt),
  });
  switch (next.status) {
    case 'authorizing':
    case 'stuck':
      return { status: 'ended', payment: next.payment, end: { kind: 'declined' } };
    case 'reversing':
    case 'halted':
      return settledIfTold({ ...next, status: 'reversing', cancellation: undefined });
    default:
      return next;
  }
};
