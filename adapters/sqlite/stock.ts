import { DECIMAL_PATTERN } from '@sagahub/contracts/money.ts';
import type { StockBalance, StockHolds, StockItem, StockLevel, StockOutcome, StockReservation } from '@sagahub/contracts/ports/stock.ts';
import { fingerprint } from './fingerprint.ts';
import type { LogDatabase } from './log.ts';
import { HELD, RELEASED, type ReserveCall, type ReserveReply } from './stock-protocol.ts';

const DEFAULT_LIMIT = 500;

/** Stock in `log.db`. `strict`: an unknown SKU is a shortage instead of being accepted uncounted. */
export const openSqliteStock = ({ writer, reader }: LogDatabase, { strict = false }: { readonly strict?: boolean } = {}): StockHolds => {
  const selectHold = reader.prepare('SELECT state, items FROM stock_holds WHERE fingerprint = ? AND holder = ?');
  const columns = 'sku, free, held, loaded, revision';
  const selectPage = reader.prepare(`SELECT ${columns} FROM stock WHERE sku > ? ORDER BY sku LIMIT ?`);
  const selectSkus = reader.prepare(`SELECT ${columns} FROM stock WHERE sku IN (SELECT value FROM json_each(?)) ORDER BY sku`);

  return {
    async reserve(batch: readonly StockReservation[]): Promise<readonly StockOutcome[]> {
      const reply = await writer.call('reserveStock', [
        strict,
        ...batch.flatMap(({ holder, items }) => [holder, flat(items)]),
      ] as ReserveCall);
      return reply.map(outcome);
    },

    async release(holders: readonly string[]): Promise<void> {
      await writer.call('releaseStock', holders);
    },

    async setLevels(levels: readonly StockLevel[]): Promise<readonly { readonly change: string }[]> {
      const changes = await writer.call(
        'setStockLevels',
        levels.map(({ sku, available, revision }) => [sku, checked(available), revision] as const),
      );
      return changes.map((change) => ({ change }));
    },

    async balances({ skus, afterSku = '', limit = DEFAULT_LIMIT }): Promise<readonly StockBalance[]> {
      const rows = skus ? selectSkus.all(JSON.stringify(skus)) : selectPage.all(afterSku, limit);
      return rows.map((row) => ({ ...row }) as unknown as StockBalance);
    },

    async held(holder: string): Promise<readonly StockItem[] | undefined> {
      const row = selectHold.get(fingerprint(holder), holder) as { state: number; items: string } | undefined;
      if (!row) return undefined;
      if (row.state !== HELD) return [];
      const items = JSON.parse(row.items) as string[];
      return Array.from({ length: items.length / 2 }, (_, index) => ({
        sku: items[2 * index] as string,
        quantity: items[2 * index + 1] as string,
      }));
    },

    async clear(): Promise<void> {
      await writer.call('clearStock', undefined);
    },
  };
};

const flat = (items: readonly StockItem[]): string[] => {
  const skusAndQuantities: string[] = [];
  for (const { sku, quantity } of items) skusAndQuantities.push(sku, checked(quantity));
  return skusAndQuantities;
};

const checked = (amount: string): string => {
  if (!DECIMAL_PATTERN.test(amount)) throw new RangeError(`${amount} is no amount of at most 12 integer and 6 fraction digits`);
  return amount;
};

const RESERVED: StockOutcome = Object.freeze({ kind: 'reserved' });
const WAS_RELEASED: StockOutcome = Object.freeze({ kind: 'released' });

const outcome = (reply: ReserveReply[number]): StockOutcome => {
  if (reply === HELD) return RESERVED;
  if (reply === RELEASED) return WAS_RELEASED;
  return {
    kind: 'rejected',
    shortages: reply.map(([sku, requested, available]) => ({ sku, requested, ...(available !== undefined && { available }) })),
  };
};
