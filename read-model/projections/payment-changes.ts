import type { PaymentState } from '@sagahub/contracts/messages/payment.ts';
import { isOfStep } from './dead-letters.ts';
import {
  AT_REST,
  isHalted,
  isReversed,
  isStuck,
  keptOf,
  type KnownPaymentEvent,
  type PaymentChanges,
  takenBack,
} from './payment-change.ts';
import type { PaymentDocument, PaymentWaiting } from './payment-document.ts';
import { goingOn, isProcessorEvent, processorChanges } from './payment-processor-changes.ts';
import { afterFault } from './waiting.ts';

/** What an event changes in a payment, dead letters and derived members aside. */
export const paymentChangesBy = (before: PaymentDocument, event: KnownPaymentEvent, at: string): PaymentChanges => {
  const needsSomebody = isStuck(before) || isHalted(before);
  // A clock that stumbles beside what an operator is needed for changes nothing of that.
  if (event.type === 'StepFaulted')
    return { faults: before.faults + 1, waiting: needsSomebody ? before.waiting : afterFault(before, event.data, at) };
  const changes = isProcessorEvent(event) ? processorChanges(before, event, at) : sagaChanges(before, event, at);
  // Whatever was recorded, the step that had faulted has moved on.
  const hadFaulted = !needsSomebody && (before.waiting?.for === 'retry' || before.deadLetters.some(isOfStep));
  return hadFaulted && !('waiting' in changes)
    ? { ...changes, waiting: waitingIn({ ...before, ...changes } as PaymentDocument, at) }
    : changes;
};

const waitingIn = ({ state, reversal, endedAt }: PaymentDocument, at: string): PaymentWaiting | undefined => {
  if (endedAt !== undefined) return undefined;
  if (state === 'Authorizing') return { for: 'processor', since: at };
  return reversal?.requested && { for: 'reversal', since: at };
};

const sagaChanges = (before: PaymentDocument, event: KnownPaymentEvent, at: string): PaymentChanges => {
  const isOpen = before.state === 'Initiated' || before.state === 'Authorizing';
  switch (event.type) {
    case 'AuthorizationDeadlineExceeded':
      return before.state === 'Authorizing' ? takenBack('Cancelling') : {};
    case 'CancellationRequested':
      return isOpen ? { ...takenBack('Cancelling'), cancellation: { requestedAt: at, ...event.data } } : {};
    case 'CompensationRequested': {
      const { by, reason } = event.data;
      return isOpen ? { ...takenBack('Cancelling'), cancellation: { requestedAt: at, by, reason } } : {};
    }
    case 'RefundRequested': {
      if (before.state !== 'Approved') return {};
      const refund = { requestedAt: at, ...event.data };
      if (!before.reversal) return { ...takenBack('Refunding'), endedAt: undefined, refund };
      return { state: 'Refunding', refund, ...(isHalted(before) && { waiting: goingOn(before, at) }) };
    }
    case 'CompensationFailed':
      return before.reversal ? { waiting: { for: 'operator', since: at, reason: `${event.data.step}: ${event.data.reason}` } } : {};
    case 'CompensationRetried':
      return isHalted(before) ? { waiting: goingOn(before, at) } : {};
    case 'PaymentExpired':
      return before.state === 'Initiated' ? { state: 'Expired', ...AT_REST, endedAt: at } : ended(before, 'Expired', at);
    case 'PaymentCancelled':
      return ended(before, 'Cancelled', at);
    case 'PaymentRefunded':
      return ended(before, 'Refunded', at);
    default:
      return {};
  }
};

const ended = (before: PaymentDocument, state: PaymentState, at: string): PaymentChanges =>
  before.reversal && !isHalted(before) && isReversed(before.processor, keptOf(before)) ? { state, ...AT_REST, endedAt: at } : {};
