import type { DiscountRedemption } from '@sagahub/contracts/ports/discounts.ts';
import type { StockReservation } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { eachHold, surveyLog } from './expected-holds.ts';
import { chunksOf } from './loading.ts';
import { fromMicros, toMicros } from './micros.ts';

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

/** Where table and log disagree. */
export interface HoldsDifference {
  readonly kind: 'stock' | 'discount';
  /** SKU or code. */
  readonly name: string;
  readonly field: 'free' | 'held' | 'loaded' | 'redeemed';
  readonly expected: string;
  /** `undefined`: the table does not know it. */
  readonly actual: string | undefined;
}

/**
 * Compares the tables with the log, and changes nothing. Exact when the hub is at rest; while orders flow, those between their
 * reservation and its event show as differences that are gone a moment later.
 */
export const compareHolds = async ({ store, stock, discounts }: HoldsPorts): Promise<readonly HoldsDifference[]> => {
  const survey = await surveyLog(store);
  const held = new Map<string, bigint>();
  const redeemed = new Map<string, number>();
  for await (const holds of eachHold(store, survey))
    for (const hold of holds)
      if (hold.kind === 'discount') redeemed.set(hold.code, (redeemed.get(hold.code) ?? 0) + 1);
      else for (const { sku, quantity } of hold.items) held.set(sku, (held.get(sku) ?? 0n) + toMicros(quantity));

  const differences: HoldsDifference[] = [];
  const compare = (
    kind: 'stock' | 'discount',
    name: string,
    field: HoldsDifference['field'],
    expected: string,
    actual: string | undefined,
  ) => {
    if (expected !== actual) differences.push({ kind, name, field, expected, actual });
  };
  for (const chunk of chunksOf([...survey.stock])) {
    const balances = new Map((await stock.balances({ skus: chunk.map(([sku]) => sku) })).map((balance) => [balance.sku, balance]));
    for (const [sku, { loadedMicros }] of chunk) {
      const heldMicros = held.get(sku) ?? 0n;
      const balance = balances.get(sku);
      compare('stock', sku, 'loaded', fromMicros(loadedMicros), canonical(balance?.loaded));
      compare('stock', sku, 'held', fromMicros(heldMicros), canonical(balance?.held));
      compare('stock', sku, 'free', fromMicros(loadedMicros - heldMicros), canonical(balance?.free));
    }
  }
  for (const chunk of chunksOf([...survey.discounts])) {
    const balances = new Map((await discounts.balances({ codes: chunk.map(([code]) => code) })).map((balance) => [balance.code, balance]));
    for (const [code, { latest }] of chunk) {
      const counted = latest.maxRedemptions === undefined ? 0 : (redeemed.get(code) ?? 0);
      compare('discount', code, 'redeemed', String(counted), balances.has(code) ? String(balances.get(code)!.redeemed) : undefined);
    }
  }
  return differences;
};

const canonical = (amount: string | undefined): string | undefined => (amount === undefined ? undefined : fromMicros(toMicros(amount)));
