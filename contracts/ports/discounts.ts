export interface DiscountDefinition {
  readonly code: string;
  /** 0 < percent <= 100, decimal string with at most 4 fraction digits. */
  readonly percent: string;
  /** ISO 8601; inclusive. */
  readonly validFrom?: string;
  /** ISO 8601; exclusive. */
  readonly validTo?: string;
  /** How many orders may use it; absent = without a limit. */
  readonly maxRedemptions?: number;
  /** Revision of the `DiscountDefined` event; lower or equal ones were applied before. -1: of none yet. */
  readonly revision: number;
}

export interface DiscountRedemption {
  /** The order's id. */
  readonly holder: string;
  readonly code: string;
  /** Validity is judged at this time (the order's receipt), ISO 8601. */
  readonly at: string;
}

export type DiscountRejection = 'unknown' | 'not-yet-valid' | 'expired' | 'used-up';

export type DiscountOutcome =
  | { readonly kind: 'applied'; readonly percent: string }
  | { readonly kind: 'rejected'; readonly reason: DiscountRejection }
  | { readonly kind: 'released' };

export interface DiscountBalance extends DiscountDefinition {
  /** By orders in flight and completed. Always 0 for a code without a limit (its redemptions touch no row). */
  readonly redeemed: number;
}

/** Who used which code. Same promises as {@link import('./stock.ts').StockHolds}. */
export interface DiscountHolds {
  redeem(batch: readonly DiscountRedemption[]): Promise<readonly DiscountOutcome[]>;
  release(holders: readonly string[]): Promise<void>;
  define(definitions: readonly DiscountDefinition[]): Promise<void>;
  balances(query: {
    readonly codes?: readonly string[];
    readonly afterCode?: string;
    readonly limit?: number;
  }): Promise<readonly DiscountBalance[]>;
  clear(): Promise<void>;
}
