/** Webhooks: who wants to be told of what (`subscription-<id>`), and what became of each message (`delivery-<subscriptionId>.<objectId>`). */
import type { EventBody } from '../events.ts';

export const SUBSCRIPTION = 'subscription';
export const subscriptionStream = (subscriptionId: string): string => `${SUBSCRIPTION}-${subscriptionId}`;

/** Subscribed to everything, whatever types are added later. */
export const ALL_TYPES = '*';

/** What a subscriber chooses. Secrets are in the KeyStore, one name per version. */
export interface SubscriptionSettings {
  readonly url: string;
  /** Public event types, or {@link ALL_TYPES} alone. */
  readonly types: readonly string[];
  /** Messages about one object arrive one after the other, in the order of what happened. */
  readonly ordered: boolean;
  /** Calls to the endpoint at once, in one process. */
  readonly maxInFlight: number;
  readonly description?: string;
}
export type SubscriptionCreated = EventBody<
  'SubscriptionCreated',
  SubscriptionSettings & { readonly subscriptionId: string; readonly partnerId: string; readonly by: string }
>;
export type SubscriptionChanged = EventBody<'SubscriptionChanged', Partial<SubscriptionSettings> & { readonly by: string }>;
export type SubscriptionSecretRotated = EventBody<
  'SubscriptionSecretRotated',
  {
    /** 1 is the one it was created with. */
    readonly version: number;
    /** Until then both secrets sign. ISO 8601. */
    readonly formerValidUntil: string;
    readonly by: string;
  }
>;
/** `gone`: the endpoint answered 410. `failing`: nothing but failure for too long. */
export type DisabledCause = 'manual' | 'gone' | 'failing';
export type SubscriptionDisabled = EventBody<
  'SubscriptionDisabled',
  { readonly cause: DisabledCause; readonly reason: string; readonly by: string }
>;
export type SubscriptionEnabled = EventBody<'SubscriptionEnabled', { readonly by: string }>;
export type SubscriptionDeleted = EventBody<'SubscriptionDeleted', { readonly by: string }>;
/** The endpoint has stopped taking messages: recorded once, and again only behind a {@link SubscriptionRecovered}. */
export type SubscriptionFailing = EventBody<'SubscriptionFailing', { readonly reason: string }>;
export type SubscriptionRecovered = EventBody<'SubscriptionRecovered', Record<string, never>>;
export type RecoveryRequested = EventBody<
  'RecoveryRequested',
  { readonly recoveryId: string /** ISO 8601. */; readonly since: string; readonly by: string }
>;
export type RecoveryFinished = EventBody<
  'RecoveryFinished',
  {
    readonly recoveryId: string;
    /** Messages that had never been requested. */
    readonly requested: number;
    /** Messages that had been given up, and are tried again. */
    readonly resent: number;
  }
>;
export type SubscriptionEvent =
  | SubscriptionCreated
  | SubscriptionChanged
  | SubscriptionSecretRotated
  | SubscriptionDisabled
  | SubscriptionEnabled
  | SubscriptionDeleted
  | SubscriptionFailing
  | SubscriptionRecovered
  | RecoveryRequested
  | RecoveryFinished;

export const DELIVERY = 'delivery';
export const deliveryStream = (subscriptionId: string, objectId: string): string => `${DELIVERY}-${subscriptionId}.${objectId}`;
/** The subscription and the object that a `delivery-` stream is about. */
export const deliveryOf = (stream: string): { readonly subscriptionId: string; readonly objectId: string } => {
  const dot = stream.indexOf('.');
  return { subscriptionId: stream.slice(DELIVERY.length + 1, dot), objectId: stream.slice(dot + 1) };
};

/** What a message tells about: an event of an object's stream. The body is computed from that stream up to this revision. */
export interface WebhookSource {
  readonly stream: string;
  readonly revision: number;
}
export type WebhookRequested = EventBody<
  'WebhookRequested',
  {
    /** `webhook-id`: UUIDv5 of subscription and event, the same however often it is requested. */
    readonly messageId: string;
    readonly subscriptionId: string;
    readonly objectId: string;
    /** Public, e.g. `order.completed`. */
    readonly type: string;
    /** Absent: a test. */
    readonly source?: WebhookSource;
    /** When it happened, ISO 8601. */
    readonly occurredAt: string;
    /** As the subscription was then. */
    readonly ordered: boolean;
  }
>;
/** What an attempt met. Never the whole answer: it is somebody else's text, and this is for good. */
export interface WebhookAnswer {
  readonly status?: number;
  readonly latencyMs: number;
  /** Beginning of what a refusing endpoint said, without addresses and what looks like a secret. */
  readonly excerpt?: string;
}
export type WebhookDelivered = EventBody<'WebhookDelivered', WebhookAnswer & { readonly messageId: string; readonly attempt: number }>;
export type WebhookAttemptFailed = EventBody<
  'WebhookAttemptFailed',
  WebhookAnswer & { readonly messageId: string; readonly attempt: number; readonly reason: string; readonly nextAt: string }
>;
/** Attempts exhausted, or its subscription ended: this is its dead letter. Without a latency no attempt was made. */
export type WebhookDeadLettered = EventBody<
  'WebhookDeadLettered',
  Partial<WebhookAnswer> & {
    readonly messageId: string;
    readonly attempt: number;
    readonly deadLetterId: string;
    readonly reason: string;
  }
>;
/** Nobody wants it any more; also a test that failed. */
export type WebhookDiscarded = EventBody<
  'WebhookDiscarded',
  Partial<WebhookAnswer> & { readonly messageId: string; readonly attempt: number; readonly reason: string; readonly by: string }
>;
/** Another round of attempts. */
export type WebhookResent = EventBody<
  'WebhookResent',
  {
    readonly messageId: string;
    readonly by: string;
    readonly reason: string;
    /** The dead letter that this redrove, and the job that asked for it. */
    readonly deadLetterId?: string;
    readonly redriveId?: string;
  }
>;
export type DeliveryEvent =
  | WebhookRequested
  | WebhookDelivered
  | WebhookAttemptFailed
  | WebhookDeadLettered
  | WebhookDiscarded
  | WebhookResent;

/** `retrying`: pending, and failed at least once in this round. */
export const DELIVERY_STATUSES = ['pending', 'retrying', 'delivered', 'dead-lettered', 'discarded'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];
