import type { SealedData } from '@sagahub/contracts/events.ts';
import type {
  Compensation,
  DiscountApplied,
  ErpRequestEdited,
  OrderReceived,
  OrderResubmitted,
  OrderValidated,
} from '@sagahub/contracts/messages/order.ts';
import type { StockItem } from '@sagahub/contracts/ports/stock.ts';
import { type EffectStep, isUndone } from '../effect/effect.ts';
import type { Cancellation } from '../effect/undoing.ts';

/**
 * What an order is doing. Every status carries, beside what is known of the order, only what it needs itself.
 *
 * ```
 * none → received → submitting → sent → completed ⇄ surplus (a second order at the ERP)
 *            │          ↓ ↑ redrive
 *            │        stuck (dead letter)
 *            └──────────┴──────────→ compensating ⇄ halted ──→ rejected | cancelled
 *                                         ↑___ a late effect at the ERP ___│
 * ```
 */
export type OrderState =
  | { readonly status: 'none' }
  | Received
  | Submitting
  | Sent
  | Completed
  | Stuck
  | Surplus
  | Compensating
  | Halted
  | Ended;

/** In hand of the local participants: stock, discount. */
export interface Received {
  readonly status: 'received';
  readonly order: OrderFacts;
}

/** The ERP is to make the order. */
export interface Submitting {
  readonly status: 'submitting';
  readonly order: OrderAtErp;
  /** The request, or the last redrive: overdue and deadline count from here. */
  readonly sinceMs: number;
  readonly firstOfRound: number;
  readonly nextAtMs: number;
  /** For how long attempts were not made although it was their time, see {@link absenceMs}: the deadline does not count it. */
  readonly absentMs: number;
  readonly overdueFlagged: boolean;
}

export interface Sent {
  readonly status: 'sent';
  readonly order: OrderAtErp;
  readonly erpRef: string;
  readonly sinceMs: number;
}

export interface Completed {
  readonly status: 'completed';
  readonly order: OrderAtErp;
  readonly erpRef: string;
}

/** Attempts exhausted. What is reserved stays reserved; redriving and compensating are the ways out. */
export interface Stuck {
  readonly status: 'stuck';
  readonly order: OrderAtErp;
  readonly deadLetterId: string;
  readonly sinceMs: number;
}

/** Completed, and the ERP made it a second time: an operator decides that the surplus is cancelled. */
export interface Surplus {
  readonly status: 'surplus';
  readonly order: OrderAtErp;
  /** The one that stands. */
  readonly erpRef: string;
  readonly sinceMs: number;
}

export interface Compensating {
  readonly status: 'compensating';
  readonly order: OrderFacts;
  readonly end: Ending;
  readonly sinceMs: number;
  /** Open from `ErpCancellationRequested` until the ERP holds nothing of it any more. */
  readonly cancellation: Cancellation | undefined;
}

/** Something could not be undone; what is held for it stays held until an operator acts. */
export interface Halted {
  readonly status: 'halted';
  readonly order: OrderFacts;
  readonly end: Ending;
  readonly sinceMs: number;
  readonly cancellation: Cancellation | undefined;
}

export interface Ended {
  readonly status: 'rejected' | 'cancelled';
  readonly order: OrderFacts;
  /** Kept for the case that a late effect reopens the order: then it ends the same way again. */
  readonly end: Ending;
  readonly compensation: Compensation;
}

/** How undoing ends. `completed`: only a surplus at the ERP is undone, the order stands. */
export type Ending =
  | { readonly kind: 'rejected'; readonly reason: string; readonly detail?: string }
  | { readonly kind: 'cancelled'; readonly reason?: string }
  | { readonly kind: 'completed'; readonly erpRef: string };

export interface OrderFacts {
  readonly received: OrderReceived['data'];
  readonly personal: SealedData | undefined;
  /** ISO 8601. */
  readonly receivedAt: string;
  readonly sagaVersion: number | undefined;
  readonly stock: StockStep;
  readonly discount: DiscountStep;
  readonly amounts: OrderValidated['data'] | undefined;
  readonly erp: ErpStep | undefined;
  readonly resubmission: OrderResubmitted['data'] | undefined;
  /** By an operator: what the ERP is sent instead of what was received. */
  readonly edited?: Pick<ErpRequestEdited['data'], 'customerId' | 'items'>;
}
export type OrderAtErp = OrderFacts & { readonly erp: ErpStep };

/** `open`: nothing is recorded, yet it may have been asked (a crash or a conflict came between), so undoing treats it as done. */
export type StockStep =
  | { readonly is: 'open' }
  /** By an operator. It may have been asked before, so it is released like an open one. */
  | { readonly is: 'skipped' }
  | { readonly is: 'held'; readonly items: readonly StockItem[] }
  | { readonly is: 'rejected' }
  | { readonly is: 'released' };

export type DiscountStep =
  | { readonly is: 'not-wanted' }
  | { readonly is: 'open'; readonly code: string }
  | { readonly is: 'skipped'; readonly code: string }
  | ({ readonly is: 'applied' } & DiscountApplied['data'])
  | { readonly is: 'rejected' }
  | { readonly is: 'released' };

/** What is known of the order at the ERP, whatever the order has become meanwhile. */
export interface ErpStep extends EffectStep {
  readonly overdueAfterMs: number;
  readonly deadlineMs: number;
}

/** The ERP's order that stands; undefined: none is wanted there any more. */
export const keptAtErp = (end: Ending): string | undefined => (end.kind === 'completed' ? end.erpRef : undefined);

/** Nothing of the order is left at the ERP, or can still come there. */
export const isErpUndone = ({ erp }: OrderFacts, end: Ending): boolean => erp === undefined || isUndone(erp, keptAtErp(end));

/** Later than this an attempt is not slow, but was not made: the hub was off, or kept from working. */
const ABSENCE_AFTER_MS = 10 * 60 * 1_000;

/** For how long an attempt that was due has not been made. */
export const absenceMs = (dueAtMs: number, nowMs: number): number => (nowMs - dueAtMs > ABSENCE_AFTER_MS ? nowMs - dueAtMs : 0);
