import type { DeliveryEvent, WebhookAnswer } from '@sagahub/contracts/messages/webhook.ts';
import type { CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import { type DeliveryState, messageOf } from './state.ts';

/** `CallReport.detail` of a webhook. */
export type AttemptDetail = WebhookAnswer | Record<string, never>;

/**
 * The events that state what came of an attempt: none when that attempt has its outcome already. A success is a fact even then, unless
 * the message is delivered: of two processes that made the same attempt, one may have failed.
 */
export const reportEvents = (
  state: DeliveryState,
  { step, attempt }: Pick<ExternalCall, 'step' | 'attempt'>,
  report: CallReport,
): readonly DeliveryEvent[] => {
  const message = messageOf(state, step);
  if (!message) return [];
  const messageId = message.id;
  const detail = (report.detail ?? {}) as unknown as WebhookAnswer;
  if (report.kind === 'succeeded')
    return message.status === 'delivered' ? [] : [{ type: 'WebhookDelivered', data: { messageId, attempt, ...detail } }];
  if (message.status !== 'pending' || attempt < message.attempt) return [];
  switch (report.kind) {
    case 'failed': {
      const nextAt = new Date(report.nextAtMs).toISOString();
      return [{ type: 'WebhookAttemptFailed', data: { messageId, attempt, ...detail, reason: report.reason, nextAt } }];
    }
    case 'exhausted': {
      const { deadLetterId, reason } = report;
      return [{ type: 'WebhookDeadLettered', data: { messageId, attempt, ...detail, deadLetterId, reason } }];
    }
    case 'refused':
      return [{ type: 'WebhookDiscarded', data: { messageId, attempt, ...detail, reason: report.reason, by: 'hub' } }];
    default:
      return [];
  }
};
