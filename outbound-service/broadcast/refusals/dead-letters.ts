import type { DeadLetterRules } from '@sagahub/contracts/dead-letter-rules.ts';
import type { RefusalEvent } from '@sagahub/contracts/messages/consumer.ts';

/** Redrive: it is put into its consumer's queue again. Discard: it is given up. */
export const refusalDeadLetters: DeadLetterRules = {
  command: ({ deadLetterId }, act) => ({ type: act === 'redrive' ? 'Redrive' : 'Discard', deadLetterId }),
  outcome: (_letter, events) => {
    for (const recorded of events.slice(1)) {
      const { type, data } = recorded as unknown as RefusalEvent;
      if (type === 'RefusalSent') return { outcome: 'applied' };
      if (type === 'RefusalFailed' || type === 'EventRefused') return { outcome: 'failed-again', why: data.reason };
    }
    return undefined;
  },
};
