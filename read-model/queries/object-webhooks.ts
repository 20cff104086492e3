import type { TimelineEntry, WebhookCounts } from '@sagahub/contracts/api/object-views.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { DELIVERY, type DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import { WEBHOOK_DELIVERIES, type WebhookDeliveryDocument } from '@sagahub/contracts/messages/webhook-documents.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { LogCursors } from '../log-cursor.ts';

/** A partner has few subscriptions; the log of each has more. */
const MAX_SUBSCRIPTIONS = 1_000;

/** What subscribers were told about an object, as far as it is projected. */
export interface ObjectWebhooks {
  readonly counts: WebhookCounts;
  /** Grows with everything that happens to a message. */
  readonly revision: number;
  readonly streams: readonly string[];
}

/** @returns undefined when nobody was told anything */
export const webhooksOf = async ({ documents }: Pick<Ports, 'documents'>, objectId: string): Promise<ObjectWebhooks | undefined> => {
  const found = await documents.find(WEBHOOK_DELIVERIES, { filter: { objectId: { eq: objectId } }, limit: MAX_SUBSCRIPTIONS });
  if (found.length === 0) return undefined;
  const counts = { pending: 0, delivered: 0, deadLettered: 0, discarded: 0 };
  for (const { body } of found)
    for (const { status } of (body as unknown as WebhookDeliveryDocument).messages) counts[COUNTED_AS[status]] += 1;
  return {
    counts,
    revision: found.reduce((sum, { revision }) => sum + revision + 1, 0),
    streams: found.map(({ id }) => `${DELIVERY}-${id}`),
  };
};

const COUNTED_AS = {
  pending: 'pending',
  retrying: 'pending',
  delivered: 'delivered',
  'dead-lettered': 'deadLettered',
  discarded: 'discarded',
} as const;

/** Attempts to tell subscribers, in a person's words; what else is in their streams is left out. Give it the events of one stream, oldest first. */
export const webhookEntries = (events: readonly RecordedEvent[], cursors: LogCursors): readonly TimelineEntry[] => {
  const types = new Map<string, string>();
  let subscriptionId = '';
  return events.flatMap((recorded) => {
    const event = recorded as unknown as DeliveryEvent;
    if (event.type === 'WebhookRequested') {
      types.set(event.data.messageId, event.data.type);
      ({ subscriptionId } = event.data);
      return [];
    }
    const { title, detail, attempt, latencyMs } = describe(event);
    const about = `${types.get(event.data.messageId) ?? 'a message'} to subscription ${subscriptionId}`;
    return [
      {
        id: cursors.encode(recorded.position),
        revision: recorded.revision,
        at: recorded.metadata.time,
        type: event.type,
        area: 'webhook' as const,
        title,
        detail: detail === undefined ? about : `${about}: ${detail}`,
        actor: recorded.metadata.actor,
        ...(attempt !== undefined && { attempt }),
        ...(latencyMs !== undefined && { durationMs: latencyMs }),
      },
    ];
  });
};

interface Description {
  readonly title: string;
  readonly detail?: string;
  readonly attempt?: number;
  readonly latencyMs?: number;
}

const describe = (event: Exclude<DeliveryEvent, { type: 'WebhookRequested' }>): Description => {
  switch (event.type) {
    case 'WebhookDelivered':
      return { title: 'Subscriber told', ...attemptOf(event.data) };
    case 'WebhookAttemptFailed':
      return { title: 'Subscriber not reached', detail: event.data.reason, ...attemptOf(event.data) };
    case 'WebhookDeadLettered':
      return { title: 'Subscriber given up', detail: event.data.reason, ...attemptOf(event.data) };
    case 'WebhookDiscarded':
      return { title: 'Message discarded', detail: event.data.reason };
    case 'WebhookResent':
      return { title: 'Message sent again', detail: `${event.data.by}: ${event.data.reason}` };
  }
};

const attemptOf = ({ attempt, latencyMs }: { readonly attempt: number; readonly latencyMs?: number }) =>
  latencyMs === undefined ? {} : { attempt, latencyMs };
