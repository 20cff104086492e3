import type { SealedData } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { PaymentState, PaymentStatus } from '@sagahub/contracts/messages/payment.ts';
import type { Waiting } from './waiting.ts';

/** Collection of the DocumentStore: one document per payment, by payment id. */
export const PAYMENTS = 'payments';

/** Whom or what a payment waits for. */
export type PaymentWaiting = Waiting<'processor' | 'reversal' | 'operator' | 'retry'>;

/** What is known about a payment at the processor. */
export interface AtProcessor {
  readonly connector: string;
  readonly requestedAt: string;
  readonly expiresAt: string;
  /** Attempts known to have begun. */
  readonly attempts: number;
  readonly reversalAttempts: number;
  /** The first failure of the present round of attempts. */
  readonly failingSince?: string;
  readonly overdueSince?: string;
  /** The one that stands. */
  readonly reference?: string;
  readonly effects: readonly ProcessorEffect[];
  /** References under which it was pending when it was declined. */
  readonly declinedReferences: readonly string[];
  /** Nothing else can come of the attempts. */
  readonly settled: boolean;
}

/** Something the processor has, or had, of the payment. */
export interface ProcessorEffect {
  readonly reference: string;
  /** Decided: not merely pending. */
  readonly approved: boolean;
  /** Not taken back. */
  readonly live: boolean;
}

/** While something of the payment is to be taken back at the processor. */
export interface Reversal {
  /** It was asked for, about this one or about whatever a look-up finds. */
  readonly requested?: { readonly reference?: string };
}

/** A payment as the read model holds it. Personal data stays sealed: it is opened, or shown as erased, when it is read. */
export interface PaymentDocument {
  readonly paymentId: string;
  readonly paymentReference: string;
  readonly partnerId: string;
  readonly clientId: string;
  readonly channel: string;
  readonly correlationId: string;
  readonly status: PaymentStatus;
  readonly state: PaymentState;
  readonly waiting?: PaymentWaiting;
  readonly amount: string;
  readonly currency: string;
  readonly orderNumber?: string;
  readonly methodType: string;
  readonly payerId?: string;
  readonly personal?: SealedData;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly receivedAt: string;
  readonly updatedAt: string;
  /** Set while nothing of it is under way. An approved one has ended, until it is refunded. */
  readonly endedAt?: string;
  /** Something of it is under way. */
  readonly inFlight?: true;
  readonly processor?: AtProcessor;
  readonly reversal?: Reversal;
  readonly decline?: { readonly reason: string; readonly status?: number };
  readonly cancellation?: { readonly requestedAt: string; readonly by: string; readonly reason?: string };
  readonly refund?: { readonly requestedAt: string; readonly by: string; readonly reason?: string };
  /** Handlers that threw. */
  readonly faults: number;
  readonly deadLetters: readonly DeadLetter[];
  /** Flagged as overdue at the processor, and still in flight. */
  readonly overdue?: true;
}
