import type { DeadLetterRules, LetterAct, LetterRef, RedriveOutcome } from '@sagahub/contracts/dead-letter-rules.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import type { Command } from '@sagahub/contracts/saga.ts';

/**
 * | origin         | redrive                               | discard                                                           |
 * |----------------|---------------------------------------|-------------------------------------------------------------------|
 * | `compensation` | a new round for what is not reversed  | what the processor still has stands: the payment is approved      |
 * | `step`         | the step is handled again             | the payment is given up, and what the processor may have reversed |
 * | any other      | a new round of attempts               | the same                                                          |
 */
export const paymentDeadLetters: DeadLetterRules = {
  command,
  outcome: (letter, events) => {
    for (const event of events.slice(1)) {
      const outcome = outcomeBy(letter, event as unknown as PaymentEvent | EngineEvent);
      if (outcome) return outcome;
    }
    return undefined;
  },
};

function command({ origin, deadLetterId, step }: LetterRef, act: LetterAct): Command {
  switch (origin) {
    case 'compensation':
      return act === 'redrive' ? { type: 'RetryCompensation', deadLetterId } : { type: 'Abandon' };
    case 'step':
      // The letter of a step is not what the payment's own state knows it by.
      return act === 'redrive' ? { type: 'RetryStep', step, deadLetterId } : { type: 'Compensate' };
    default:
      return { type: act === 'redrive' ? 'Redrive' : 'Compensate', deadLetterId };
  }
}

/** What the first event that settles it tells. */
const outcomeBy = ({ origin }: LetterRef, event: PaymentEvent | EngineEvent): RedriveOutcome | undefined => {
  const isSubmission = origin !== 'compensation' && origin !== 'step';
  switch (event.type) {
    case 'StepFaulted':
      return event.data.nextAt === undefined ? { outcome: 'failed-again', why: `${event.data.step}: ${event.data.error}` } : undefined;
    case 'CompensationFailed':
      return { outcome: 'failed-again', why: `${event.data.step}: ${event.data.reason}` };
    case 'AuthorizationFailed':
      return { outcome: 'failed-again', why: event.data.reason };
    case 'AuthorizationDeadlineExceeded':
      return { outcome: 'failed-again', why: 'the processor did not decide before the payment expired' };
    case 'CancellationRequested':
    case 'CompensationRequested':
      return isSubmission ? { outcome: 'skipped', why: 'it was cancelled before the attempt was made' } : undefined;
    case 'PaymentDeclined':
      return { outcome: 'applied' };
    case 'PaymentApproved':
      return { outcome: 'applied', reference: event.data.processorRef };
    case 'PaymentReversed': {
      const { proof, processorRef } = event.data;
      return {
        outcome: proof === 'absent' ? 'already-applied' : 'applied',
        ...(processorRef !== undefined && { reference: processorRef }),
      };
    }
    case 'StepRetried':
    case 'AuthorizationAttemptStarted':
    case 'AuthorizationAttemptFailed':
    case 'AuthorizationPending':
    case 'AuthorizationOverdueFlagged':
    case 'ReversalRequested':
    case 'ReversalAttemptFailed':
      return undefined;
    default:
      return isSubmission ? undefined : { outcome: 'applied' };
  }
};
