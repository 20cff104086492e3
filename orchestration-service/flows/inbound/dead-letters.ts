import type { DeadLetterRules } from '@sagahub/contracts/dead-letter-rules.ts';
import type { InboundEvent } from '@sagahub/contracts/messages/inbound.ts';

/** Redrive: it is handed in again. Discard: it is given up. */
export const inboundDeadLetters: DeadLetterRules = {
  command: ({ deadLetterId }, act) => ({ type: act === 'redrive' ? 'Redrive' : 'Discard', deadLetterId }),
  outcome: (_letter, events) => {
    for (const recorded of events.slice(1)) {
      const { type, data } = recorded as unknown as InboundEvent;
      if (type === 'InboundAccepted') return { outcome: data.replayed ? 'already-applied' : 'applied', reference: data.orderId };
      if (type === 'InboundRefused') return { outcome: 'failed-again', why: data.problem.detail };
    }
    return undefined;
  },
};
