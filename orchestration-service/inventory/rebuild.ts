import type { DiscountRedemption } from '@sagahub/contracts/ports/discounts.ts';
import type { StockReservation } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { eachHold, surveyLog } from './expected-holds.ts';
import { chunksOf } from './loading.ts';
import { fromMicros } from './micros.ts';

export type HoldsPorts = Pick<Ports, 'store' | 'stock' | 'discounts'>;

/**
 * Empties the tables of stock and discounts and fills them from the log: per SKU, the sum of all changes by loads less what orders hold
 * is free. Nothing may reserve meanwhile (run it with the sagas stopped), since tombstones are forgotten too.
 *
 * A SKU counts from its first `StockLevelApplied` on: of orders that raced with the very first load of a SKU, the log's order decides.
 */
export const rebuildHolds = async ({ store, stock, discounts }: HoldsPorts): Promise<void> => {
  const survey = await surveyLog(store);
  await stock.clear();
  await discounts.clear();
  for (const chunk of chunksOf([...survey.stock]))
    await stock.setLevels(chunk.map(([sku, { loadedMicros, revision }]) => ({ sku, available: fromMicros(loadedMicros), revision })));
  // What was redeemed stays redeemed, whatever the code has come to allow since: first without bounds, then as it is.
  for (const chunk of chunksOf([...survey.discounts.values()]))
    await discounts.define(
      chunk.map(({ latest: { code, percent, revision } }) => ({ code, percent, maxRedemptions: UNBOUNDED, revision: revision - 1 })),
    );
  for await (const holds of eachHold(store, survey)) {
    const reservations: StockReservation[] = [];
    const redemptions: DiscountRedemption[] = [];
    for (const hold of holds)
      if (hold.kind === 'stock') reservations.push({ holder: hold.holder, items: hold.items });
      else redemptions.push({ holder: hold.holder, code: hold.code, at: hold.at });
    if (reservations.length > 0) await stock.reserve(reservations);
    if (redemptions.length > 0) await discounts.redeem(redemptions);
  }
  for (const chunk of chunksOf([...survey.discounts.values()])) await discounts.define(chunk.map(({ latest }) => latest));
};

const UNBOUNDED = Number.MAX_SAFE_INTEGER;
