import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { DecideInput, Decision, SagaVersion } from '@sagahub/contracts/saga.ts';
import { unwantedEffect } from '../effect/effect.ts';
import type { PaymentPolicy } from './policy.ts';
import { type Authorizing, isReversed, keptOf, type PaymentState, type Received, type Reversing, type Stuck } from './state.ts';
import { EXPIRY, OVERDUE } from './steps.ts';

/** To the processor, and back. */
export const decideV1 = (policy: PaymentPolicy): SagaVersion<PaymentState> => ({
  decide: (state, input) => {
    switch (state.status) {
      case 'received':
        return forward(policy, state, input);
      case 'authorizing':
        return input.step === OVERDUE ? overdue(state, input) : input.step === EXPIRY ? expiry(state, input) : REST;
      case 'stuck':
        return input.step === EXPIRY ? expiry(state, input) : REST;
      case 'reversing':
        return reverse(state);
      default:
        return REST;
    }
  },
  answer: () => REST,
});

const REST: Decision = { kind: 'rest' };
const record = (...events: readonly PaymentEvent[]): Decision => ({ kind: 'record', events });

/** One that nobody got to in time is not sent any more. */
const forward = ({ connector, overdueAfterMs, expiresAfterMs }: PaymentPolicy, { payment }: Received, { nowMs }: DecideInput): Decision => {
  const expiresAtMs = Date.parse(payment.receivedAt) + expiresAfterMs;
  const expiresAt = new Date(expiresAtMs).toISOString();
  if (nowMs >= expiresAtMs) return record({ type: 'PaymentExpired', data: { expiresAt } });
  return record({ type: 'AuthorizationRequested', data: { connector, overdueAfterMs, expiresAt } });
};

const overdue = ({ sinceMs, overdueFlagged, payment }: Authorizing, { nowMs }: DecideInput): Decision => {
  if (overdueFlagged) return REST;
  const dueAtMs = sinceMs + payment.processor.overdueAfterMs;
  if (nowMs < dueAtMs) return { kind: 'wait', untilMs: dueAtMs };
  return record({ type: 'AuthorizationOverdueFlagged', data: { requestedAt: new Date(sinceMs).toISOString() } });
};

const expiry = ({ payment }: Authorizing | Stuck, { nowMs }: DecideInput): Decision => {
  const { expiresAt } = payment.processor;
  const dueAtMs = Date.parse(expiresAt);
  return nowMs < dueAtMs ? { kind: 'wait', untilMs: dueAtMs } : record({ type: 'AuthorizationDeadlineExceeded', data: { expiresAt } });
};

/** One effect after the other; the end is told once nothing can be left. */
const reverse = ({ payment, end, cancellation }: Reversing): Decision => {
  const { processor } = payment;
  if (processor && !isReversed(payment, end)) {
    if (cancellation) return REST;
    const processorRef = unwantedEffect(processor, keptOf(end))?.reference;
    const { connector } = processor;
    return record({ type: 'ReversalRequested', data: { connector, ...(processorRef !== undefined && { processorRef }) } });
  }
  switch (end.kind) {
    case 'expired':
      return record({ type: 'PaymentExpired', data: { expiresAt: end.expiresAt } });
    case 'cancelled':
      return record({ type: 'PaymentCancelled', data: { ...(end.reason !== undefined && { reason: end.reason }) } });
    case 'refunded': {
      const { processorRef, reason } = end;
      return record({ type: 'PaymentRefunded', data: { processorRef, ...(reason !== undefined && { reason }) } });
    }
    default:
      // Told before: the last fact about the processor has ended it again.
      return REST;
  }
};
