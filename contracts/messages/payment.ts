/**
 * The events of the `payment` flow: stream `payment-<paymentId>`, schema version 1. Amounts are decimal strings with the currency's minor
 * digits. No personal data in `data`, and nowhere a card number: what names the means of payment is a token, sealed.
 */
import type { EventBody } from '../events.ts';
import type { Redriven } from './hub.ts';
import type { AttemptRound } from '../saga.ts';

export const PAYMENT = 'payment';
export const paymentStream = (paymentId: string): string => `${PAYMENT}-${paymentId}`;

/** What `PaymentReceived.private` holds, sealed. */
export interface PaymentPersonalData {
  readonly method: { readonly type: string; readonly token: string };
  readonly payer?: { readonly name?: string; readonly email?: string };
}

export type PaymentReceived = EventBody<
  'PaymentReceived',
  {
    readonly paymentId: string;
    /** The partner's own name of the payment, spent for good once it is accepted. */
    readonly paymentReference: string;
    readonly partnerId: string;
    readonly clientId: string;
    readonly amount: string;
    readonly currency: string;
    /** The partner's order it pays for; the hub does not look it up. */
    readonly orderNumber?: string;
    /** The partner's own number of who pays. Absent: the payment itself is the subject of its personal data. */
    readonly payerId?: string;
    readonly methodType: string;
    readonly metadata?: Readonly<Record<string, string>>;
    /** HMAC over the validated, defaulted command; the same for every way in. */
    readonly fingerprint: string;
    /** SHA-256 of client id and Idempotency-Key. */
    readonly requestKey?: string;
    /** How it came in: `http`. */
    readonly channel: string;
  }
>;

export type AuthorizationRequested = EventBody<
  'AuthorizationRequested',
  {
    readonly connector: string;
    /** Flagged overdue (and alerted) after this long. */
    readonly overdueAfterMs: number;
    /** Without an answer by then it is taken back at the processor, and expires. ISO 8601. */
    readonly expiresAt: string;
  }
>;
/** Only where the processor may make duplicates: written before the call, so a crash leaves a trace of the attempt in doubt. */
export type AuthorizationAttemptStarted = EventBody<'AuthorizationAttemptStarted', { readonly attempt: number }>;
export type AuthorizationAttemptFailed = EventBody<
  'AuthorizationAttemptFailed',
  {
    readonly attempt: number;
    /** `unknown`: the processor may have it. */
    readonly certainty: 'not-done' | 'unknown';
    readonly reason: string;
    readonly status?: number;
    readonly nextAt: string;
    /** The next attempt's place in its round, and how many a round has. */
    readonly round?: AttemptRound;
  }
>;
/** The processor has it and decides later: it calls back, and is asked from `nextAt` on. Recorded once per attempt and reference. */
export type AuthorizationPending = EventBody<
  'AuthorizationPending',
  { readonly attempt: number; readonly processorRef?: string; readonly nextAt: string }
>;
/** Attempts exhausted, or nothing safe is left to try: the payment is stuck and this is its dead letter. */
export type AuthorizationFailed = EventBody<
  'AuthorizationFailed',
  {
    readonly deadLetterId: string;
    readonly attempts: number;
    readonly reason: string;
    readonly status?: number;
    /** The processor may have it all the same. */
    readonly inDoubt: boolean;
  }
>;
export type AuthorizationRetried = EventBody<
  'AuthorizationRetried',
  { readonly deadLetterId: string; readonly by: string; readonly reason: string; readonly redriveId?: string }
>;
/** How an answer came: to the call itself, in a signed callback, or from an operator. */
export type AnsweredBy = 'call' | 'callback' | 'by-hand';
/** An answer to a payment that was given up before: it changes nothing of what the partner is told, and what it approved is taken back. */
interface Late {
  readonly tooLate?: true;
}
export type PaymentApproved = EventBody<
  'PaymentApproved',
  { readonly processorRef: string; readonly attempt: number; readonly answeredBy: AnsweredBy } & Late
>;
/** The processor said no, for good. `reason` is its word, such as `insufficient-funds`. */
export type PaymentDeclined = EventBody<
  'PaymentDeclined',
  { readonly reason: string; readonly status?: number; readonly attempt: number; readonly answeredBy: AnsweredBy } & Late
>;
/** The processor takes longer than it should: somebody is told, nothing is undone. */
export type AuthorizationOverdueFlagged = EventBody<'AuthorizationOverdueFlagged', { readonly requestedAt: string }>;
export type AuthorizationDeadlineExceeded = EventBody<'AuthorizationDeadlineExceeded', { readonly expiresAt: string }>;

export type CancellationRequested = EventBody<'CancellationRequested', { readonly by: string; readonly reason?: string }>;
/** An operator gave up on a stuck payment: take back what the processor may have. */
export type CompensationRequested = EventBody<'CompensationRequested', { readonly by: string; readonly reason: string } & Redriven>;
export type RefundRequested = EventBody<'RefundRequested', { readonly by: string; readonly reason?: string }>;
/** Whatever the processor has, or may have, of this payment is to be taken back. */
export type ReversalRequested = EventBody<'ReversalRequested', { readonly connector: string; readonly processorRef?: string }>;
export type ReversalAttemptFailed = EventBody<
  'ReversalAttemptFailed',
  {
    readonly attempt: number;
    readonly reason: string;
    readonly status?: number;
    readonly nextAt: string;
    readonly round?: AttemptRound;
  }
>;
/** `absent`: a look-up after the settling time proved that there is nothing to take back. `by-hand`: an operator says so. */
export type PaymentReversed = EventBody<
  'PaymentReversed',
  { readonly processorRef?: string; readonly proof: 'cancelled' | 'absent' | 'by-hand' }
>;
/** Halts the way back; an operator takes over. */
export type CompensationFailed = EventBody<'CompensationFailed', { readonly step: string; readonly reason: string }>;
export type CompensationRetried = EventBody<'CompensationRetried', { readonly by: string; readonly reason: string } & Redriven>;
/** An operator looked at the processor. What follows from it is recorded behind it, as the processor's own answers would be. */
export type ResolvedByHand = EventBody<
  'ResolvedByHand',
  {
    /** The processor holds it, has taken it back, or never had it. */
    readonly processor: 'live' | 'cancelled' | 'absent';
    readonly processorRef?: string;
    readonly by: string;
    readonly reason: string;
  }
>;

/** Ended without being authorised in time; whatever the processor may have had is taken back. */
export type PaymentExpired = EventBody<'PaymentExpired', { readonly expiresAt: string }>;
export type PaymentCancelled = EventBody<'PaymentCancelled', { readonly reason?: string }>;
export type PaymentRefunded = EventBody<'PaymentRefunded', { readonly processorRef?: string; readonly reason?: string }>;

export type PaymentEvent =
  | PaymentReceived
  | AuthorizationRequested
  | AuthorizationAttemptStarted
  | AuthorizationAttemptFailed
  | AuthorizationPending
  | AuthorizationFailed
  | AuthorizationRetried
  | PaymentApproved
  | PaymentDeclined
  | AuthorizationOverdueFlagged
  | AuthorizationDeadlineExceeded
  | CancellationRequested
  | CompensationRequested
  | RefundRequested
  | ReversalRequested
  | ReversalAttemptFailed
  | PaymentReversed
  | CompensationFailed
  | CompensationRetried
  | ResolvedByHand
  | PaymentExpired
  | PaymentCancelled
  | PaymentRefunded;

/**
 * What partners see. `pending`: nothing was asked of the processor yet; `authorizing`: it is asked, and has it or may have it;
 * `cancelling`: what it may have is being taken back, after a cancellation, an expiry or an operator's word. What comes too late and is
 * taken back changes nothing here: the payment stays what it has become.
 */
export const PAYMENT_STATUSES = [
  'pending',
  'authorizing',
  'approved',
  'declined',
  'expired',
  'cancelling',
  'cancelled',
  'refunding',
  'refunded',
  'stuck',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** What the saga does: `Flow.stateName` of the flow and the read model use these words. A stuck payment stays in the state it got stuck in. */
export const PAYMENT_STATES = [
  'Initiated',
  'Authorizing',
  'Approved',
  'Declined',
  'Expired',
  'Cancelling',
  'Cancelled',
  'Refunding',
  'Refunded',
] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

/** What the flow asks a processor's connector for: `ExternalCall.request`. The token travels sealed beside it. */
export interface ProcessorPaymentRequest {
  readonly paymentReference: string;
  readonly amount: string;
  readonly currency: string;
  readonly methodType: string;
  readonly orderNumber?: string;
}
