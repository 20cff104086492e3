import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import type { DeliveryState, Message } from './state.ts';

/**
 * | command   | names the        | what it does                                                    |
 * |-----------|------------------|-----------------------------------------------------------------|
 * | `Resend`  | `messageId`      | another round of attempts, whatever became of the message       |
 * | `Redrive` | `deadLetterId`   | the same, of a dead letter that is open                         |
 * | `Discard` | `deadLetterId`   | a dead letter is given up; what waits behind it goes on         |
 *
 * Each says by whom and why; a redrive may name its job.
 * @throws NotFoundError no such message; ConflictError HUB_DEAD_LETTER_RESOLVED there is no such dead letter (any more)
 */
export const decideCommand = (state: DeliveryState, command: Command, nowMs: number): readonly DeliveryEvent[] => {
  const act = { by: String(command['by']), reason: String(command['reason']) };
  switch (command.type) {
    case 'Resend': {
      const messageId = String(command['messageId']);
      const message = state.messages.find(({ id }) => id === messageId);
      if (!message) throw new NotFoundError(`webhook message ${messageId}`);
      return message.status === 'pending' && message.nextAtMs <= nowMs ? [] : [{ type: 'WebhookResent', data: { messageId, ...act } }];
    }
    case 'Redrive': {
      const { id: messageId, deadLetterId } = deadMessage(state, command);
      const { redriveId } = command;
      return [{ type: 'WebhookResent', data: { messageId, ...act, deadLetterId, ...(typeof redriveId === 'string' && { redriveId }) } }];
    }
    case 'Discard': {
      const { id: messageId, attempt } = deadMessage(state, command);
      return [{ type: 'WebhookDiscarded', data: { messageId, attempt, ...act } }];
    }
    default:
      throw new ConflictError('HUB_UNKNOWN_COMMAND', `a webhook message knows no ${command.type}`);
  }
};

const deadMessage = ({ messages }: DeliveryState, command: Command): Message & { readonly deadLetterId: string } => {
  const deadLetterId = String(command['deadLetterId']);
  const message = messages.find((one) => one.deadLetterId === deadLetterId);
  if (message?.status !== 'dead-lettered')
    throw new ConflictError(
      'HUB_DEAD_LETTER_RESOLVED',
      `skipped: the message is ${message?.status ?? 'unknown'}, its dead letter is settled`,
    );
  return { ...message, deadLetterId };
};
