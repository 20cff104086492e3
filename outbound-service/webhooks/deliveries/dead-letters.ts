import type { DeadLetterRules, RedriveOutcome } from '@sagahub/contracts/dead-letter-rules.ts';
import type { DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';

/** Redriven: another round of attempts. Discarded: given up, and what waits behind it goes on. */
export const deliveryDeadLetters: DeadLetterRules = {
  command: ({ deadLetterId }, act) => ({ type: act === 'redrive' ? 'Redrive' : 'Discard', deadLetterId }),
  outcome(_letter, events) {
    const [redriven, ...later] = events as unknown as readonly DeliveryEvent[];
    if (!redriven) return undefined;
    for (const event of later) {
      const outcome = event.data.messageId === redriven.data.messageId ? outcomeBy(event) : undefined;
      if (outcome) return outcome;
    }
    return undefined;
  },
};

const outcomeBy = ({ type, data }: DeliveryEvent): RedriveOutcome | undefined => {
  switch (type) {
    case 'WebhookDelivered':
      return { outcome: 'applied', reference: data.messageId };
    case 'WebhookDeadLettered':
      return { outcome: 'failed-again', why: data.reason };
    case 'WebhookDiscarded':
      return { outcome: 'skipped', why: data.reason };
    default:
      return undefined;
  }
};
