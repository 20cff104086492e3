/** The events of the `inbound` flow: stream `inbound-<inboundId>`, one for each message that did not become an order at once. */
import type { Channel } from '../api/channel.ts';
import type { Problem } from '../api/problem.ts';
import type { EventBody } from '../events.ts';

export const INBOUND = 'inbound';
export const inboundStream = (inboundId: string): string => `${INBOUND}-${inboundId}`;
/** Queue of messages that are to be handed in again. */
export const INBOUND_QUEUE = 'integration.inbound';
/** Its step. */
export const SUBMIT = 'submit';

/** What `InboundParked.private` holds, sealed: the message as it came. */
export interface InboundPayload {
  /** Text where the bytes are UTF-8, base64 elsewhere. */
  readonly encoding: 'utf8' | 'base64';
  readonly body: string;
}

/** What is kept of a message beside its body; none of it is personal. */
export interface InboundMessageFacts {
  readonly channel: Channel;
  /** Whom the broker knows the sender as; absent: it did not say. */
  readonly clientId?: string;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** Hash of the idempotency key is not enough: it is sent again with it. */
  readonly idempotencyKey?: string;
  readonly bytes: number;
}
export type InboundProblem = Pick<Problem, 'status' | 'code' | 'detail' | 'errors'>;

/** Refused, for a reason that repeating it does not mend. */
export type InboundParked = EventBody<
  'InboundParked',
  InboundMessageFacts & {
    readonly inboundId: string;
    readonly problem: InboundProblem;
    /** Only the beginning of it was kept: it cannot be handed in again. */
    readonly truncated?: true;
  }
>;
/** An operator has it handed in again. */
export type InboundRedriven = EventBody<
  'InboundRedriven',
  { readonly by: string; readonly reason: string; readonly deadLetterId?: string; readonly redriveId?: string }
>;
export type InboundAccepted = EventBody<'InboundAccepted', { readonly orderId: string; readonly replayed: boolean }>;
/** Handed in again, and refused again. */
export type InboundRefused = EventBody<'InboundRefused', { readonly problem: InboundProblem }>;
/** An operator gave it up. */
export type InboundDiscarded = EventBody<'InboundDiscarded', { readonly by: string; readonly reason: string; readonly redriveId?: string }>;
export type InboundEvent = InboundParked | InboundRedriven | InboundAccepted | InboundRefused | InboundDiscarded;
