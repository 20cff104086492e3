/** How a payment's state follows what is taken back at the processor. Each function takes any state and leaves foreign ones alone. */
import type { PaymentReversed, ReversalAttemptFailed, ReversalRequested } from '@sagahub/contracts/messages/payment.ts';
import { unwantedEffect } from '../effect/effect.ts';
import { cancellationAfter, cancellationFailed, cancellationOpened, effectGone } from '../effect/undoing.ts';
import {
  type Approved,
  type Authorizing,
  type Ending,
  isReversed,
  keptOf,
  type Known,
  type PaymentState,
  type Received,
  type Reversing,
  type Stuck,
} from './state.ts';
import { atProcessor, endingOf, resumed, reversing, withProcessor } from './transitions.ts';

/** Somebody wants it undone, or it took too long. */
export const takenBack = ({ payment }: Received | Authorizing | Stuck | Approved, end: Ending, nowMs: number): Reversing =>
  reversing(payment, end, false, nowMs);

export const reversalRequested = (state: Known, { processorRef }: ReversalRequested['data'], nowMs: number): PaymentState =>
  state.status === 'reversing' && !state.cancellation
    ? atProcessor(state, ({ effect }) => cancellationOpened(effect, processorRef, nowMs))
    : state;

export const reversalFailed = (state: Known, data: ReversalAttemptFailed['data']): PaymentState =>
  state.status === 'reversing' ? atProcessor(state, (undoing) => cancellationFailed(undoing, data)) : state;

/** One effect less, or the proof that there is none. A late confirmation also sets a halted reversal going again. */
export const processorReversed = (state: Known, { processorRef }: PaymentReversed['data'], nowMs: number): PaymentState => {
  const { processor } = state.payment;
  if (!processor) return state;
  const gone = effectGone(processor, processorRef);
  const next = withProcessor(state, gone);
  if (next.status !== 'reversing' && next.status !== 'halted') return next;
  const kept = keptOf(next.end);
  const after = atProcessor(next, (undoing) => cancellationAfter(undoing, processorRef, kept));
  if (after.status === 'reversing') return settledIfTold(after);
  return settledIfTold(unwantedEffect(gone, kept) ? resumed(after, nowMs) : { ...after, status: 'reversing' });
};

/** What had ended before is over again as soon as nothing is left: nobody is told twice. */
export const settledIfTold = (state: Reversing): PaymentState =>
  state.isTold && !state.cancellation && isReversed(state.payment, state.end) ? endingOf(state) : state;
