/**
 * The events of the `order` flow: stream `order-<orderId>`, schema version 1. Amounts are decimal strings; money is rounded to
 * the currency's minor digits where the design says so and exact elsewhere. No personal data in `data`.
 */
import type { EventBody } from '../events.ts';
import type { Redriven } from './hub.ts';
import type { AttemptRound } from '../saga.ts';
import type { StockItem, StockShortage } from '../ports/stock.ts';

export const ORDER = 'order';
export const orderStream = (orderId: string): string => `${ORDER}-${orderId}`;

export interface OrderLine {
  readonly lineNumber: number;
  readonly sku: string;
  readonly description?: string;
  readonly quantity: string;
  readonly unit?: string;
  readonly unitPrice: string;
}

/** What `OrderReceived.private` holds, sealed. */
export interface OrderPersonalData {
  readonly buyer: { readonly name: string; readonly email?: string; readonly taxId?: string };
  readonly shipTo: {
    readonly name?: string;
    readonly street?: string;
    readonly city?: string;
    readonly postalCode?: string;
    readonly country: string;
  };
  readonly note?: string;
}

export type OrderReceived = EventBody<
  'OrderReceived',
  {
    readonly orderId: string;
    readonly orderNumber: string;
    readonly partnerId: string;
    readonly clientId: string;
    /** When the partner says it was ordered. */
    readonly orderedAt?: string;
    readonly currency: string;
    readonly buyerId: string;
    readonly lines: readonly OrderLine[];
    readonly discountCode?: string;
    readonly requestedDeliveryDate?: string;
    readonly metadata?: Readonly<Record<string, string>>;
    /** Sum of quantity times unit price, rounded once, half up. */
    readonly subtotal: string;
    /** HMAC over the validated, defaulted command; the same for every way in. */
    readonly fingerprint: string;
    /** SHA-256 of client id and Idempotency-Key. */
    readonly requestKey?: string;
    /** How it came in: `http`, `grpc`, `amqp`. */
    readonly channel: string;
    /** Set when the order replaces an ended one. */
    readonly resubmissionOf?: string;
    /** 1 for a first submission, 2 for the first resubmission … */
    readonly submission: number;
  }
>;

export type StockReserved = EventBody<'StockReserved', { readonly items: readonly StockItem[] }>;
export type StockRejected = EventBody<'StockRejected', { readonly shortages: readonly StockShortage[] }>;
export type DiscountApplied = EventBody<'DiscountApplied', { readonly code: string; readonly percent: string; readonly amount: string }>;
export type DiscountRejected = EventBody<'DiscountRejected', { readonly code: string; readonly reason: string }>;
export type OrderValidated = EventBody<'OrderValidated', { readonly subtotal: string; readonly discount: string; readonly total: string }>;
export type ErpSubmissionRequested = EventBody<
  'ErpSubmissionRequested',
  {
    readonly connector: string;
    /** Flagged overdue (and alerted) after this long. */
    readonly overdueAfterMs: number;
    /** Undone after this long, not counting the time its breaker was open. */
    readonly deadlineMs: number;
  }
>;
/** Only where the ERP may make duplicates: written before the call, so a crash leaves a trace of the attempt in doubt. */
export type ErpAttemptStarted = EventBody<'ErpAttemptStarted', { readonly attempt: number }>;
export type ErpAttemptFailed = EventBody<
  'ErpAttemptFailed',
  {
    readonly attempt: number;
    /** `unknown`: the ERP may have done it. */
    readonly certainty: 'not-done' | 'unknown';
    readonly reason: string;
    readonly status?: number;
    readonly nextAt: string;
    /** The next attempt's place in its round, and how many a round has. */
    readonly round?: AttemptRound;
  }
>;
/** The ERP said no, for good. */
export type ErpSubmissionRefused = EventBody<
  'ErpSubmissionRefused',
  { readonly attempt: number; readonly reason: string; readonly status?: number }
>;
/** Attempts exhausted, or nothing safe is left to try: the order is stuck and this is its dead letter. */
export type ErpSubmissionFailed = EventBody<
  'ErpSubmissionFailed',
  {
    readonly deadLetterId: string;
    readonly attempts: number;
    readonly reason: string;
    readonly status?: number;
    /** The ERP may have done it all the same. */
    readonly inDoubt: boolean;
  }
>;
export type ErpSubmissionRetried = EventBody<
  'ErpSubmissionRetried',
  { readonly deadLetterId: string; readonly by: string; readonly reason: string; readonly redriveId?: string }
>;
export type OrderSentToErp = EventBody<
  'OrderSentToErp',
  { readonly erpRef: string; readonly attempt: number; readonly alreadyThere: boolean }
>;
export type OrderCompleted = EventBody<'OrderCompleted', { readonly erpRef: string; readonly total: string }>;
/** The ERP step takes longer than it should: somebody is told, nothing is undone. */
export type ErpOverdueFlagged = EventBody<'ErpOverdueFlagged', { readonly requestedAt: string }>;
export type ErpDeadlineExceeded = EventBody<'ErpDeadlineExceeded', { readonly waitedMs: number }>;

export type CancellationRequested = EventBody<'CancellationRequested', { readonly by: string; readonly reason?: string }>;
/** An operator gave up on a stuck order: undo what was done. */
export type CompensationRequested = EventBody<'CompensationRequested', { readonly by: string; readonly reason: string } & Redriven>;
export type ErpCancellationRequested = EventBody<'ErpCancellationRequested', { readonly connector: string; readonly erpRef?: string }>;
export type ErpCancellationAttemptFailed = EventBody<
  'ErpCancellationAttemptFailed',
  {
    readonly attempt: number;
    readonly reason: string;
    readonly status?: number;
    readonly nextAt: string;
    readonly round?: AttemptRound;
  }
>;
/** `absent`: a look-up after the settling time proved that there is nothing to cancel. `by-hand`: an operator says so. */
export type ErpOrderCancelled = EventBody<
  'ErpOrderCancelled',
  { readonly erpRef?: string; readonly proof: 'cancelled' | 'absent' | 'by-hand' }
>;
/** An operator goes on without a step of the order: what it may have taken is given back. */
export type StepSkipped = EventBody<'StepSkipped', { readonly step: 'stock' | 'discount'; readonly by: string; readonly reason: string }>;
/** An operator looked at the ERP. What follows from it is recorded behind it, as the ERP's own answers would be. */
export type ResolvedByHand = EventBody<
  'ResolvedByHand',
  {
    /** The ERP has it, has cancelled it, or never had it. */
    readonly erp: 'live' | 'cancelled' | 'absent';
    readonly erpRef?: string;
    readonly by: string;
    readonly reason: string;
  }
>;
/** One change of what the ERP is sent. Personal data is sealed in the event's `private`; the diff only says where it changed. */
export type RequestChange =
  | { readonly pointer: string; readonly before: string; readonly after: string }
  | { readonly pointer: string; readonly sealed: true };
/** What the ERP is sent from now on, instead of what the partner sent: the order itself stays as it was received. */
export type ErpRequestEdited = EventBody<
  'ErpRequestEdited',
  {
    readonly deadLetterId: string;
    readonly diff: readonly RequestChange[];
    /** Both as they are sent from now on. */
    readonly customerId: string;
    readonly items: readonly ErpItem[];
    readonly by: string;
    readonly reason: string;
  }
>;
export type ErpItem = { readonly lineNumber: number; readonly sku: string; readonly quantity: string; readonly unitPrice: string };
export type DiscountReleased = EventBody<'DiscountReleased', { readonly code: string }>;
export type StockReleased = EventBody<'StockReleased', { readonly items: readonly StockItem[] }>;
/** Halts the chain: what the ERP holds keeps its stock; an operator takes over. */
export type CompensationFailed = EventBody<'CompensationFailed', { readonly step: string; readonly reason: string }>;
export type CompensationRetried = EventBody<'CompensationRetried', { readonly by: string; readonly reason: string } & Redriven>;

/** What was undone: nothing had to be, everything was, or something could not be. */
export type Compensation = 'none' | 'full' | 'partial';
/** Something that an order had taken. */
export type Taken =
  | { readonly of: 'erp'; readonly erpRef?: string }
  | { readonly of: 'discount'; readonly code: string }
  | { readonly of: 'stock'; readonly items: readonly StockItem[] };
/** Of an order that is `partial`: exactly what was undone, and what somebody has to settle by hand. */
export type Handover = { readonly undone: readonly Taken[]; readonly notUndone: readonly Taken[] };
export type OrderRejected = EventBody<
  'OrderRejected',
  { readonly reason: string; readonly detail?: string; readonly compensation: Compensation; readonly handover?: Handover }
>;
export type OrderCancelled = EventBody<
  'OrderCancelled',
  { readonly reason?: string; readonly compensation: Compensation; readonly handover?: Handover }
>;
/** On the ended order; the new one names it in `OrderReceived.resubmissionOf`. */
export type OrderResubmitted = EventBody<
  'OrderResubmitted',
  { readonly newOrderId: string; readonly fingerprint: string; readonly by: string }
>;

export type OrderEvent =
  | OrderReceived
  | StockReserved
  | StockRejected
  | DiscountApplied
  | DiscountRejected
  | OrderValidated
  | ErpSubmissionRequested
  | ErpAttemptStarted
  | ErpAttemptFailed
  | ErpSubmissionRefused
  | ErpSubmissionFailed
  | ErpSubmissionRetried
  | OrderSentToErp
  | OrderCompleted
  | ErpOverdueFlagged
  | ErpDeadlineExceeded
  | CancellationRequested
  | CompensationRequested
  | ErpCancellationRequested
  | ErpCancellationAttemptFailed
  | ErpOrderCancelled
  | DiscountReleased
  | StockReleased
  | CompensationFailed
  | CompensationRetried
  | StepSkipped
  | ResolvedByHand
  | ErpRequestEdited
  | OrderRejected
  | OrderCancelled
  | OrderResubmitted;

/** What partners see. */
export const ORDER_STATUSES = ['received', 'processing', 'waiting', 'completed', 'rejected', 'cancelled', 'compensating', 'stuck'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/**
 * What the saga does, beside the status: `Flow.stateName` of the flow and the read model use these words. `Compensating` from the moment
 * that something is to be undone until the order has ended; an order that is stuck stays in the state in which it got stuck.
 */
export const ORDER_STATES = [
  'Initiated',
  'StockReserved',
  'DiscountApplied',
  'Validated',
  'SendingToErp',
  'SentToErp',
  'Compensating',
  'Completed',
  'Rejected',
  'Cancelled',
] as const;
export type OrderState = (typeof ORDER_STATES)[number];
