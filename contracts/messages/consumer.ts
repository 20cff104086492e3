/** Consumers of events over a broker: who they are (stream {@link CONSUMERS_STREAM}), and what they refused (`refusal-<refusalId>`). */
import type { EventBody } from '../events.ts';
import type { WebhookSource } from './webhook.ts';

export const CONSUMERS = 'consumers';
/** All of them in one stream: they change when the configuration does. */
export const CONSUMERS_STREAM = `${CONSUMERS}-configured`;

/** Positions are of the log, as decimal text. */
export type ConsumerAdded = EventBody<
  'ConsumerAdded',
  { readonly name: string; readonly patterns: readonly string[] /** It gets what lies behind this. */; readonly after: string }
>;
export type ConsumerChanged = EventBody<'ConsumerChanged', { readonly name: string; readonly patterns: readonly string[] }>;
/** No longer configured: nothing more is put into its queue. */
export type ConsumerRemoved = EventBody<'ConsumerRemoved', { readonly name: string }>;
/** It is to get everything behind a position once more. */
export type ConsumerRecoveryRequested = EventBody<
  'ConsumerRecoveryRequested',
  { readonly name: string; readonly after: string; readonly by: string; readonly reason: string }
>;
export type ConsumerEvent = ConsumerAdded | ConsumerChanged | ConsumerRemoved | ConsumerRecoveryRequested;

export const REFUSAL = 'refusal';
export const refusalStream = (refusalId: string): string => `${REFUSAL}-${refusalId}`;
/** Queue of events that are to be sent to a consumer again. */
export const REFUSAL_QUEUE = 'outbound.refusal';
/** Its step. */
export const SEND = 'send';

/** A consumer gave an event back as often as it may. */
export type EventRefused = EventBody<
  'EventRefused',
  {
    readonly refusalId: string;
    readonly consumer: string;
    /** Of the event, as consumers know it. */
    readonly messageId: string;
    readonly type: string;
    readonly source: WebhookSource;
    readonly refusals: number;
    readonly reason: string;
  }
>;
/** An operator has it sent again. */
export type RefusalRedriven = EventBody<
  'RefusalRedriven',
  { readonly by: string; readonly reason: string; readonly deadLetterId?: string; readonly redriveId?: string }
>;
/** It is in the consumer's queue again. What the consumer makes of it shows when it refuses it again. */
export type RefusalSent = EventBody<'RefusalSent', { readonly attempt: number }>;
/** It could not be sent: the consumer is configured no more. */
export type RefusalFailed = EventBody<'RefusalFailed', { readonly attempt: number; readonly reason: string }>;
export type RefusalDiscarded = EventBody<'RefusalDiscarded', { readonly by: string; readonly reason: string; readonly redriveId?: string }>;
export type RefusalEvent = EventRefused | RefusalRedriven | RefusalSent | RefusalFailed | RefusalDiscarded;
