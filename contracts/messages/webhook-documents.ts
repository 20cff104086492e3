/** What the read model keeps of webhooks: written by its projection, read by `outbound-service` and the orders' queries. */
import type { DeliveryStatus, WebhookSource } from './webhook.ts';

/** Collection: one document per message, by its id. */
export const WEBHOOK_MESSAGES = 'webhook-messages';
/** Collection: one document per subscription and object, by `<subscriptionId>.<objectId>`. */
export const WEBHOOK_DELIVERIES = 'webhook-deliveries';

/** A message as its stream tells of it so far. Times are ISO 8601. */
export interface WebhookMessage {
  readonly messageId: string;
  readonly subscriptionId: string;
  /** The order's id; of a test `test-<id>`. */
  readonly objectId: string;
  readonly partnerId: string;
  readonly type: string;
  /** Absent: a test. */
  readonly source?: WebhookSource;
  readonly occurredAt: string;
  readonly requestedAt: string;
  readonly status: DeliveryStatus;
  /** Attempts that have an outcome. */
  readonly attempts: number;
  readonly lastAttemptAt?: string;
  /** Of the last attempt that was answered. */
  readonly lastStatus?: number;
  readonly lastReason?: string;
  /** Of `retrying`. */
  readonly nextAt?: string;
  /** The first failure of the present round. */
  readonly failingSince?: string;
}

/** Everything a subscription was told about one object. */
export interface WebhookDeliveryDocument {
  readonly subscriptionId: string;
  readonly objectId: string;
  readonly partnerId: string;
  readonly messages: readonly WebhookMessage[];
}
