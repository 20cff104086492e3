/** Somebody is to be told: stream `alert-<alertId>`, one for each occurrence. */
import type { EventBody } from '../events.ts';

export const ALERT = 'alert';
export const alertStream = (alertId: string): string => `${ALERT}-${alertId}`;
/** Stream whose one event says from where on the log is watched; what happened before there was somebody to tell is not told. */
export const ALERTS_STREAM = 'alerts';

/** Of an object by its flow, such as `order.stuck`. */
export type AlertType = `${string}.stuck` | `${string}.overdue` | 'breaker.opened';

export type AlertsFollowed = EventBody<'AlertsFollowed', { /** Position, as a decimal string. */ readonly from: string }>;
export type AlertRaised = EventBody<
  'AlertRaised',
  {
    /** UUIDv5 of the event that it is about: the same however often that is read. */
    readonly alertId: string;
    readonly type: AlertType;
    /** ISO 8601. */
    readonly occurredAt: string;
    readonly stream: string;
    readonly revision: number;
    /** `orderId`, `paymentId`, …: the object's, by its flow. */
    readonly [id: `${string}Id`]: string | undefined;
    readonly partnerId?: string;
    readonly connector?: string;
    readonly deadLetterId?: string;
    /** Stable: groups alerts of one reason. */
    readonly cause: string;
    readonly reason: string;
  }
>;
export type AlertDelivered = EventBody<'AlertDelivered', { readonly attempt: number; readonly status: number }>;
export type AlertAttemptFailed = EventBody<
  'AlertAttemptFailed',
  { readonly attempt: number; readonly reason: string; readonly nextAt: string }
>;
/** Nobody took it for a day. */
export type AlertGivenUp = EventBody<'AlertGivenUp', { readonly attempts: number; readonly reason: string }>;
export type AlertEvent = AlertRaised | AlertDelivered | AlertAttemptFailed | AlertGivenUp;
