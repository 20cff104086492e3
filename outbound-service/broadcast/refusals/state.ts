import type { WebhookSource } from '@sagahub/contracts/messages/webhook.ts';

/** What is sent when an operator asks for it. */
export interface RefusedEvent {
  readonly consumer: string;
  readonly source: WebhookSource;
}

/** `attempt`: which time of being sent again the state is about, from 1. */
export type RefusalState =
  | { readonly status: 'none' }
  | { readonly status: 'refused' | 'sent' | 'discarded'; readonly attempt: number; readonly event: RefusedEvent }
  | { readonly status: 'sending'; readonly attempt: number; readonly sinceMs: number; readonly event: RefusedEvent };
