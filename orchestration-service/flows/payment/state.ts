import type { SealedData } from '@sagahub/contracts/events.ts';
import type { PaymentReceived } from '@sagahub/contracts/messages/payment.ts';
import { type EffectStep, isUndone } from '../effect/effect.ts';
import type { Cancellation } from '../effect/undoing.ts';

/**
 * What a payment is doing.
 *
 * ```
 * none → received → authorizing → approved → (refund) ──┐
 *            │         ↓ ↑ redrive   ↑ stands after all  ↓
 *            │       stuck          halted ⇄ reversing → ended: declined | expired | cancelled | refunded
 *            └─────────┴──────────────────────↑ ↑___ a late effect at the processor ___│
 * ```
 * A decline ends it at once from wherever it waits: the processor knows a payment by one key, so what it declined it cannot hold.
 */
export type PaymentState = { readonly status: 'none' } | Received | Authorizing | Stuck | Approved | Reversing | Halted | Ended;
export type Known = Exclude<PaymentState, { status: 'none' }>;

/** Nothing can have been sent yet. */
export interface Received {
  readonly status: 'received';
  readonly payment: PaymentFacts;
}

/** The processor is to decide, or has it and decides later. */
export interface Authorizing {
  readonly status: 'authorizing';
  readonly payment: PaymentAtProcessor;
  /** The request, or the last redrive. */
  readonly sinceMs: number;
  readonly firstOfRound: number;
  readonly nextAtMs: number;
  readonly overdueFlagged: boolean;
}

/** Attempts exhausted. Redriving and compensating are the ways out, and its expiry. */
export interface Stuck {
  readonly status: 'stuck';
  readonly payment: PaymentAtProcessor;
  readonly deadLetterId: string;
  readonly sinceMs: number;
}

export interface Approved {
  readonly status: 'approved';
  readonly payment: PaymentAtProcessor;
  readonly processorRef: string;
}

/** What the processor has, or may have, is taken back. */
export interface Reversing {
  readonly status: 'reversing';
  readonly payment: PaymentFacts;
  readonly end: Ending;
  /** It had come to this end before, and a late effect is taken back: nobody is told of the end again. */
  readonly isTold: boolean;
  readonly sinceMs: number;
  readonly cancellation: Cancellation | undefined;
}

/** Something could not be taken back; an operator takes over. */
export interface Halted extends Omit<Reversing, 'status'> {
  readonly status: 'halted';
}

export interface Ended {
  readonly status: 'ended';
  readonly payment: PaymentFacts;
  readonly end: Exclude<Ending, { kind: 'approved' }>;
}

/** How reversing ends. `approved`: the processor has it twice, and the one that stands is kept. */
export type Ending =
  | { readonly kind: 'declined' }
  | { readonly kind: 'expired'; readonly expiresAt: string }
  | { readonly kind: 'cancelled'; readonly reason?: string }
  | { readonly kind: 'refunded'; readonly reason?: string; readonly processorRef: string }
  | { readonly kind: 'approved'; readonly processorRef: string };

export interface PaymentFacts {
  readonly received: PaymentReceived['data'];
  readonly personal: SealedData | undefined;
  /** ISO 8601. */
  readonly receivedAt: string;
  readonly sagaVersion: number | undefined;
  readonly processor: ProcessorStep | undefined;
}
export type PaymentAtProcessor = PaymentFacts & { readonly processor: ProcessorStep };

/** What is known of the payment at the processor, whatever the payment has become meanwhile. An effect that is not reported is pending there. */
export interface ProcessorStep extends EffectStep {
  readonly overdueAfterMs: number;
  /** ISO 8601. */
  readonly expiresAt: string;
  /** What was pending under them was declined: asked before that, and answered behind it, they are nothing new. */
  readonly declinedRefs: readonly string[];
}

/** What it is pending under at the processor. */
export const pendingRefOf = ({ effects }: EffectStep): string | undefined =>
  effects.find(({ live, reported }) => live && !reported)?.reference;

/** The effect that stands; undefined: none is wanted any more. */
export const keptOf = (end: Ending): string | undefined => (end.kind === 'approved' ? end.processorRef : undefined);

/** Nothing of the payment is left at the processor, or can still come there. */
export const isReversed = ({ processor }: PaymentFacts, end: Ending): boolean =>
  processor === undefined || isUndone(processor, keptOf(end));
