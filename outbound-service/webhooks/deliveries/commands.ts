import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import type { DeliveryState, Message } from './state.ts';

/**
 * | command   | what it does                                                                         |
 * |-----------|--------------------------------------------------------------------------------------|
 * | `Resend`  | another round of attempts, from now on, whatever became of the message               |
 * | `Redrive` | the same, of a dead letter alone                                                     |
 * | `Discard` | a dead letter is given up; what waits behind it goes on                              |
 *
 * Each names the message and says by whom and why.
 * @throws NotFoundError no such message; ConflictError HUB_WEBHOOK_NOT_DEAD it is no dead letter (any more)
 */
export const decideCommand = (state: DeliveryState, command: Command, nowMs: number): readonly DeliveryEvent[] => {
  const messageId = String(command['messageId']);
  const message = state.messages.find(({ id }) => id === messageId);
  if (!message) throw new NotFoundError(`webhook message ${messageId}`);
  const act = { messageId, by: String(command['by']), reason: String(command['reason']) };
  switch (command.type) {
    case 'Resend':
      return message.status === 'pending' && message.nextAtMs <= nowMs ? [] : [{ type: 'WebhookResent', data: act }];
    case 'Redrive':
      requireDead(message);
      return [{ type: 'WebhookResent', data: act }];
    case 'Discard':
      if (message.status === 'discarded') return [];
      requireDead(message);
      return [{ type: 'WebhookDiscarded', data: { ...act, attempt: message.attempt } }];
    default:
      throw new ConflictError('HUB_UNKNOWN_COMMAND', `a webhook message knows no ${command.type}`);
  }
};

const requireDead = ({ id, status }: Message): void => {
  if (status !== 'dead-lettered')
    throw new ConflictError('HUB_WEBHOOK_NOT_DEAD', `webhook message ${id} is ${status}: there is no dead letter of it`);
};
