import type { EventBody } from '../events.ts';

/** Stream `stock-<sku>`. `available` is what is free to sell from now on, beyond current holds. */
export type StockLevelSet = EventBody<'StockLevelSet', { readonly sku: string; readonly available: string; readonly by: string }>;
/** The change of free + held that the level turned out to be when it was applied; with these the table is rebuilt exactly. */
export type StockLevelApplied = EventBody<
  'StockLevelApplied',
  { readonly sku: string; readonly change: string; readonly levelRevision: number }
>;
export const stockStream = (sku: string): string => `stock-${escaped(sku)}`;

/** Stream `discount-<code>`. */
export type DiscountDefined = EventBody<
  'DiscountDefined',
  {
    readonly code: string;
    readonly percent: string;
    readonly validFrom?: string;
    readonly validTo?: string;
    readonly maxRedemptions?: number;
    readonly by: string;
  }
>;
export const discountStream = (code: string): string => `discount-${escaped(code)}`;
export type InventoryEvent = StockLevelSet | StockLevelApplied | DiscountDefined;

/**
 * Whatever a partner's SKU holds (spaces, slashes, any script), a stream's name is plain ASCII: percent-encoded as in a URI. The events
 * carry the SKU as it is; nobody parses the name.
 */
const escaped = (name: string): string => encodeURIComponent(name.toWellFormed());
