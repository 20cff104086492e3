/** Amounts are decimal strings, at most 12 integer and 6 fraction digits. */
export interface StockItem {
  readonly sku: string;
  readonly quantity: string;
}

export interface StockReservation {
  /** Who holds, unique for ever: the order's id. */
  readonly holder: string;
  /** Each SKU once (the caller aggregates lines). */
  readonly items: readonly StockItem[];
}

export interface StockShortage {
  readonly sku: string;
  readonly requested: string;
  /** `undefined`: the SKU is unknown and inventory is strict. */
  readonly available?: string;
}

export type StockOutcome =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'rejected'; readonly shortages: readonly StockShortage[] }
  /** A release came first and left a tombstone: nothing is held, nothing will be. */
  | { readonly kind: 'released' };

export interface StockLevel {
  readonly sku: string;
  /** Free to sell from now on, beyond current holds. */
  readonly available: string;
  /** Revision of the `StockLevelSet` event; a level with a lower or equal revision was applied before. */
  readonly revision: number;
}

export interface StockBalance {
  readonly sku: string;
  readonly free: string;
  /** Held by orders in flight and completed. */
  readonly held: string;
  /** Sum of all changes by level loads; always free + held. */
  readonly loaded: string;
  /** Revision of the last level applied. */
  readonly revision: number;
}

/**
 * Who holds how much of what. Durable, and idempotent per holder: the first answer to a holder is its answer for ever, but that
 * one whose hold was released is told `released` from then on. A SKU no level was ever set for is untracked: accepted, and not
 * counted (unless opened as strict); only what is counted is held and given back.
 */
export interface StockHolds {
  /** Each reservation all or nothing, answered in the order asked; one transaction for the whole batch. */
  reserve(batch: readonly StockReservation[]): Promise<readonly StockOutcome[]>;
  /** Gives back what the holders hold. A holder that never reserved gets a tombstone. Idempotent. */
  release(holders: readonly string[]): Promise<void>;
  /**
   * Sets what is free to sell, keeping holds. A level already applied changes nothing and answers as the first time.
   * @returns per level the change of free + held, a signed decimal string
   */
  setLevels(levels: readonly StockLevel[]): Promise<readonly { readonly change: string }[]>;
  /** Balances behind `afterSku` in SKU order; with `skus`, exactly those that are tracked. */
  balances(query: {
    readonly skus?: readonly string[];
    readonly afterSku?: string;
    readonly limit?: number;
  }): Promise<readonly StockBalance[]>;
  /** What a holder holds now; `undefined` when it never asked; empty when rejected or released. */
  held(holder: string): Promise<readonly StockItem[] | undefined>;
  /** Forgets everything; it is rebuilt from the log through `setLevels`, `reserve` and `release`. */
  clear(): Promise<void>;
}
