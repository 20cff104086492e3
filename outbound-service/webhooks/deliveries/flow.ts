import { DELIVERY } from '@sagahub/contracts/messages/webhook.ts';
import type { Flow, PendingStep, SagaVersion } from '@sagahub/contracts/saga.ts';
import { decideCommand } from './commands.ts';
import { deliveryDeadLetters } from './dead-letters.ts';
import { evolve } from './evolve.ts';
import { reportEvents } from './report.ts';
import { type DeliveryState, messageOf, NOTHING_REQUESTED, sendable, stepOf } from './state.ts';

/** What calls of webhooks are named by, in events and metrics. */
export const WEBHOOK = 'webhook';
export const WEBHOOK_QUEUE = `outbound.${WEBHOOK}`;

/** Nothing is decided: messages are requested from outside, and what comes of attempts is reported. */
const AT_REST: SagaVersion<DeliveryState> = { decide: () => ({ kind: 'rest' }), answer: () => ({ kind: 'rest' }) };

const pending = (state: DeliveryState): readonly PendingStep[] =>
  sendable(state).map((message) => {
    const { attempt, nextAtMs, sinceMs } = message;
    return { step: stepOf(state, message), queue: WEBHOOK_QUEUE, attempt, dueAtMs: nextAtMs, sinceMs };
  });

const stateName = ({ messages }: DeliveryState): string => {
  if (messages.some(({ status }) => status === 'dead-lettered')) return 'dead-lettered';
  return messages.some(({ status }) => status === 'pending') ? 'pending' : 'delivered';
};

/** The messages of one subscription about one object. Pure. */
export const deliveryFlow: Flow<DeliveryState> = {
  name: DELIVERY,
  initialState: NOTHING_REQUESTED,
  evolve,
  versions: { 1: AT_REST },
  currentVersion: 1,
  pinnedVersion: () => undefined,
  pending,
  stateName,
  command: decideCommand,
  externalCall(state, step) {
    const message = messageOf(state, step);
    if (!message || !sendable(state).includes(message)) return undefined;
    const { attempt, firstOfRound } = message;
    return {
      step,
      connector: WEBHOOK,
      operation: 'submit',
      attempt,
      attemptInRound: attempt - firstOfRound + 1,
      objectId: message.id,
      partnerId: state.partnerId,
      request: {},
    };
  },
  report: reportEvents,
  deadLetters: deliveryDeadLetters,
};
