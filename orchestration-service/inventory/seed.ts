import { newId } from '@sagahub/contracts/ids.ts';
import { defineDiscounts, type DiscountTerms } from './discount-definitions.ts';
import type { InventoryPorts } from './handlers.ts';
import { loadLevels } from './stock-levels.ts';

export interface Seed {
  readonly skus: readonly { readonly sku: string; readonly available: string }[];
  readonly discounts?: readonly DiscountTerms[];
}

/** Loads what is not there yet, so that a second start leaves stock and discounts as orders have left them. */
export const seedInventory = async (ports: InventoryPorts, { skus, discounts = [] }: Seed): Promise<void> => {
  const act = { by: 'hub', correlationId: newId() };
  const tracked = new Set((await ports.stock.balances({ skus: skus.map(({ sku }) => sku) })).map(({ sku }) => sku));
  const defined = new Set((await ports.discounts.balances({ codes: discounts.map(({ code }) => code) })).map(({ code }) => code));
  await loadLevels(
    ports,
    skus.filter(({ sku }) => !tracked.has(sku)),
    act,
  );
  await defineDiscounts(
    ports,
    discounts.filter(({ code }) => !defined.has(code)),
    act,
  );
};
