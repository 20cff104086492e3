import { decodeCursor, encodeCursor, moment, pageParameters, type QueryOf, words } from '@sagahub/contracts/api/parameters.ts';
import { DELIVERY_STATUSES } from '@sagahub/contracts/messages/webhook.ts';
import { WEBHOOK_MESSAGES, type WebhookMessage } from '@sagahub/contracts/messages/webhook-documents.ts';
import type { DocumentFilter, DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';

export const DELIVERY_QUERY = {
  status: {
    description: `One or more of ${DELIVERY_STATUSES.join(', ')}, separated by commas.`,
    schema: words(DELIVERY_STATUSES).optional(),
  },
  orderId: { description: 'Messages about this order alone.', schema: z.string().max(255).optional() },
  from: { description: 'About what happened at or after this time.', schema: moment.optional() },
  to: { description: 'About what happened before this time.', schema: moment.optional() },
  ...pageParameters(200),
};

export interface DeliveryPage {
  readonly items: readonly WebhookMessage[];
  readonly next?: string;
}

/** Of one subscription, by when it happened, newest first. @throws MalformedRequestError the cursor belongs to another query */
export const deliveryQuery = (
  subscriptionId: string,
  { status, orderId, from, to, limit, cursor }: QueryOf<typeof DELIVERY_QUERY>,
): ((documents: DocumentStore) => Promise<DeliveryPage>) => {
  const filter: DocumentFilter = {
    subscriptionId: { eq: subscriptionId },
    ...(status && { status: status.length === 1 && status[0] ? { eq: status[0] } : { in: status } }),
    ...(orderId !== undefined && { objectId: { eq: orderId } }),
    ...((from ?? to) !== undefined && { occurredAt: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lt: to }) } }),
  };
  const kind = `deliveries ${JSON.stringify(filter)}`;
  const [value, id] = cursor === undefined ? [] : decodeCursor(cursor, kind, 2);
  return async (documents) => {
    const found = await documents.find(WEBHOOK_MESSAGES, {
      filter,
      sort: { field: 'occurredAt', direction: 'desc' },
      ...(value !== undefined && id !== undefined && { after: { value, id } }),
      limit: limit + 1,
    });
    const items = found.slice(0, limit).map(({ body }) => body as unknown as WebhookMessage);
    const last = items.at(-1);
    return { items, ...(found.length > limit && last && { next: encodeCursor(kind, last.occurredAt, last.messageId) }) };
  };
};
