import type { PendingStep } from '@sagahub/contracts/saga.ts';
import { cancelRow, operatorRow, submitRow } from '../effect/rows.ts';
import { type Authorizing, isReversed, type PaymentAtProcessor, type PaymentState, type Reversing } from './state.ts';
import { ADVANCE, AUTHORIZE, EXPIRY, OVERDUE, PAYMENT_QUEUE, REVERSE } from './steps.ts';

/** Every payment that has not ended has at least one row: nothing waits silently. */
export const pending = (state: PaymentState): readonly PendingStep[] => {
  switch (state.status) {
    case 'received':
      return [advance(FORWARD, Date.parse(state.payment.receivedAt))];
    case 'authorizing':
      return authorization(state);
    case 'stuck':
      return [operatorRow(AUTHORIZE, state.payment.processor.answered, state.sinceMs), expiry(state.payment, state.sinceMs)];
    case 'reversing':
      return reversal(state);
    case 'halted':
      return [operatorRow(REVERSE, state.payment.processor?.cancelAttempt ?? 1, state.sinceMs)];
  }
  state satisfies { readonly status: 'none' | 'approved' | 'ended' };
  return [];
};

/** Two numbers, so that the lease of a step forward does not hold up the way back. */
const FORWARD = 1;
const BACKWARD = 2;
const advance = (attempt: number, sinceMs: number): PendingStep => ({
  step: ADVANCE,
  queue: PAYMENT_QUEUE,
  attempt,
  dueAtMs: sinceMs,
  sinceMs,
});

const authorization = ({ payment, sinceMs, nextAtMs, firstOfRound, overdueFlagged }: Authorizing): readonly PendingStep[] => {
  const submit = submitRow(AUTHORIZE, payment.processor, nextAtMs, sinceMs);
  if (overdueFlagged) return [submit, expiry(payment, sinceMs)];
  const dueAtMs = sinceMs + payment.processor.overdueAfterMs;
  return [submit, { step: OVERDUE, queue: PAYMENT_QUEUE, attempt: firstOfRound, dueAtMs, sinceMs }, expiry(payment, sinceMs)];
};

const expiry = ({ processor }: PaymentAtProcessor, sinceMs: number): PendingStep => ({
  step: EXPIRY,
  queue: PAYMENT_QUEUE,
  attempt: 1,
  dueAtMs: Date.parse(processor.expiresAt),
  sinceMs,
});

const reversal = ({ payment, end, sinceMs, cancellation }: Reversing): readonly PendingStep[] =>
  payment.processor && cancellation && !isReversed(payment, end)
    ? [cancelRow(REVERSE, payment.processor, cancellation)]
    : [advance(BACKWARD, sinceMs)];
