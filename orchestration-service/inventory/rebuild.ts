import type { DiscountRedemption } from '@sagahub/contracts/ports/discounts.ts';
import type { StockReservation } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { eachHold, type ExpectedHold, type LogSurvey, surveyLog } from './expected-holds.ts';
import { chunksOf } from './loading.ts';
import { fromMicros } from './micros.ts';

export type HoldsPorts = Pick<Ports, 'store' | 'stock' | 'discounts'>;

export interface FoldedHolds {
  readonly skus: number;
  readonly codes: number;
  /** Reservations and redemptions that orders hold. */
  readonly holds: number;
  /** Orders whose hold did not fit, since more was held than had ever been loaded: somebody has to look at these. */
  readonly refused: readonly string[];
}

export interface FoldOptions {
  /** Throws between two pages. */
  readonly signal?: AbortSignal;
  /** Told how many holds are in place. */
  readonly onProgress?: (holds: number) => void;
}

/** Empties the tables of stock and discounts and folds them anew. Nothing may reserve meanwhile, since tombstones are forgotten too. */
export const rebuildHolds = async (ports: HoldsPorts, options: FoldOptions = {}): Promise<FoldedHolds> => {
  await ports.stock.clear();
  await ports.discounts.clear();
  return foldHolds(ports, options);
};

/**
 * Fills the empty tables of stock and discounts from the log: per SKU, the sum of all changes by loads less what orders hold
 * is free. Nothing else may reserve meanwhile. One that was interrupted can be gone on with by another.
 *
 * A SKU counts from its first `StockLevelApplied` on: of orders that raced with the very first load of a SKU, the log's order decides.
 */
export const foldHolds = async (ports: HoldsPorts, { signal, onProgress }: FoldOptions = {}): Promise<FoldedHolds> => {
  const { store, discounts } = ports;
  const survey = await surveyLog(store, signal);
  await defineAll(ports, survey);
  let holds = 0;
  const refused: string[] = [];
  for await (const page of eachHold(store, survey)) {
    signal?.throwIfAborted();
    refused.push(...(await takeHolds(ports, page)));
    onProgress?.((holds += page.length));
  }
  for (const chunk of chunksOf([...survey.discounts.values()])) await discounts.define(chunk.map(({ latest }) => latest));
  return { skus: survey.stock.size, codes: survey.discounts.size, holds, refused };
};

const defineAll = async ({ stock, discounts }: HoldsPorts, survey: LogSurvey): Promise<void> => {
  for (const chunk of chunksOf([...survey.stock]))
    await stock.setLevels(chunk.map(([sku, { loadedMicros, revision }]) => ({ sku, available: fromMicros(loadedMicros), revision })));
  // What was redeemed stays redeemed, whatever the code has come to allow since: first without bounds, then as it is.
  for (const chunk of chunksOf([...survey.discounts.values()]))
    await discounts.define(
      chunk.map(({ latest: { code, percent, revision } }) => ({ code, percent, maxRedemptions: UNBOUNDED, revision: revision - 1 })),
    );
};

/** Those that were refused. */
const takeHolds = async ({ stock, discounts }: HoldsPorts, holds: readonly ExpectedHold[]): Promise<string[]> => {
  const reservations: StockReservation[] = [];
  const redemptions: DiscountRedemption[] = [];
  for (const hold of holds)
    if (hold.kind === 'stock') reservations.push({ holder: hold.holder, items: hold.items });
    else redemptions.push({ holder: hold.holder, code: hold.code, at: hold.at });
  const reserved = reservations.length > 0 ? await stock.reserve(reservations) : [];
  const redeemed = redemptions.length > 0 ? await discounts.redeem(redemptions) : [];
  return [
    ...reservations.filter((_, place) => reserved[place]?.kind !== 'reserved').map(({ holder }) => holder),
    ...redemptions.filter((_, place) => redeemed[place]?.kind !== 'applied').map(({ holder }) => holder),
  ];
};

const UNBOUNDED = Number.MAX_SAFE_INTEGER;
