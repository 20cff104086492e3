import type { DeadLetterRules, LetterAct, LetterRef, RedriveOutcome } from '@sagahub/contracts/dead-letter-rules.ts';
import type { EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { Command } from '@sagahub/contracts/saga.ts';

/**
 * | origin         | redrive                               | discard                                                      |
 * |----------------|---------------------------------------|--------------------------------------------------------------|
 * | `erp`          | a new round of attempts               | the order is undone and ends rejected                        |
 * | `step`         | the step is handled again             | the same                                                     |
 * | `compensation` | a new round for what is not undone    | what could not be undone stays; the order ends as `partial`  |
 * | `surplus`      | the surplus is cancelled over there   | the same: the completed order stands                         |
 */
export const orderDeadLetters: DeadLetterRules = {
  command,
  outcome: (letter, events) => {
    for (const event of events.slice(1)) {
      const outcome = outcomeBy(letter, event as unknown as OrderEvent | EngineEvent);
      if (outcome) return outcome;
    }
    return undefined;
  },
};

function command({ origin, deadLetterId, step }: LetterRef, act: LetterAct): Command {
  switch (origin) {
    case 'erp':
      return { type: act === 'redrive' ? 'Redrive' : 'Compensate', deadLetterId };
    case 'step':
      // The letter of a step is not what the order's own state knows it by.
      return act === 'redrive' ? { type: 'RetryStep', step, deadLetterId } : { type: 'Compensate' };
    case 'compensation':
      return act === 'redrive' ? { type: 'RetryCompensation', deadLetterId } : { type: 'Abandon' };
    case 'surplus':
      return { type: 'Compensate', deadLetterId };
    default:
      throw new Error(`an order has no dead letter of the kind ${origin}`);
  }
}

/** What the first event that settles it tells. Whatever moves an order on settles its faulted step. */
const outcomeBy = ({ origin }: LetterRef, event: OrderEvent | EngineEvent): RedriveOutcome | undefined => {
  switch (event.type) {
    case 'StepFaulted':
      return event.data.nextAt === undefined ? { outcome: 'failed-again', why: `${event.data.step}: ${event.data.error}` } : undefined;
    case 'CompensationFailed':
      return { outcome: 'failed-again', why: `${event.data.step}: ${event.data.reason}` };
    case 'ErpSubmissionFailed':
      return { outcome: 'failed-again', why: event.data.reason };
    case 'ErpSubmissionRefused':
      return origin === 'erp' ? { outcome: 'failed-again', why: `refused for good: ${event.data.reason}` } : undefined;
    case 'ErpDeadlineExceeded':
      return { outcome: 'failed-again', why: 'the ERP did not take it before the deadline' };
    case 'CancellationRequested':
    case 'CompensationRequested':
      return origin === 'erp' ? { outcome: 'skipped', why: 'it was cancelled before the attempt was made' } : undefined;
    case 'OrderSentToErp': {
      const { erpRef: reference, alreadyThere } = event.data;
      return { outcome: origin === 'erp' && alreadyThere ? 'already-applied' : 'applied', reference };
    }
    case 'ErpOrderCancelled':
      return { outcome: event.data.proof === 'absent' ? 'already-applied' : 'applied', ...referenceOf(event.data) };
    case 'StepRetried':
    case 'ErpAttemptStarted':
    case 'ErpAttemptFailed':
    case 'ErpOverdueFlagged':
    case 'ErpCancellationRequested':
    case 'ErpCancellationAttemptFailed':
      return undefined;
    default:
      return origin === 'erp' ? undefined : { outcome: 'applied' };
  }
};

const referenceOf = ({ erpRef }: { readonly erpRef?: string }) => (erpRef === undefined ? {} : { reference: erpRef });
