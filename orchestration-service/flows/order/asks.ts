/** What the flow asks of its participants, and what they answer. */
import type { DiscountOutcome, DiscountRedemption } from '@sagahub/contracts/ports/discounts.ts';
import type { StockOutcome, StockReservation } from '@sagahub/contracts/ports/stock.ts';
import type { Decision } from '@sagahub/contracts/saga.ts';

/** Releasing what was never taken is safe: it leaves a tombstone, and a late taker gets nothing. */
export interface Release {
  readonly kind: 'release';
  readonly holder: string;
}
export type StockRequest = { readonly kind: 'reserve'; readonly reservation: StockReservation } | Release;
export type DiscountRequest = { readonly kind: 'redeem'; readonly redemption: DiscountRedemption } | Release;
/** How long was the connector's breaker open between the two? */
export interface BreakerHistoryRequest {
  readonly connector: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface Asks {
  readonly stock: { readonly request: StockRequest; readonly outcome: StockOutcome };
  readonly discount: { readonly request: DiscountRequest; readonly outcome: DiscountOutcome };
  readonly 'breaker-history': { readonly request: BreakerHistoryRequest; readonly outcome: { readonly openMs: number } };
}

export const ask = <Participant extends keyof Asks>(participant: Participant, request: Asks[Participant]['request']): Decision => ({
  kind: 'ask',
  participant,
  request,
});
