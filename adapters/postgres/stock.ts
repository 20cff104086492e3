import { DECIMAL_PATTERN } from '@sagahub/contracts/money.ts';
import type { StockBalance, StockHolds, StockItem, StockLevel, StockOutcome, StockReservation } from '@sagahub/contracts/ports/stock.ts';
import { formatAmount, parseAmount } from '../sqlite/amount.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import { CallQueue } from './call-queue.ts';
import type { Database, Statement } from './database.ts';
import { HELD } from './hold-states.ts';
import { LockedBalances } from './stock-balances.ts';
import { releaseHolds, reserveAtOnce, reserveInTurn } from './stock-holds.ts';
import { repeated } from './transactions.ts';

const DEFAULT_LIMIT = 500;
const REMEMBERED_SKUS = 50_000;

const TRACKED: Statement = { name: 'stock-tracked', text: 'SELECT sku FROM stock WHERE sku = ANY ($1)' };
const COLUMNS = 'sku, free, held, loaded, revision';
const PAGE: Statement = { name: 'stock-page', text: `SELECT ${COLUMNS} FROM stock WHERE sku > $1 ORDER BY sku LIMIT $2` };
const SOME: Statement = { name: 'stock-some', text: `SELECT ${COLUMNS} FROM stock WHERE sku = ANY ($1) ORDER BY sku` };
const HOLD: Statement = { name: 'stock-hold', text: 'SELECT state, items FROM stock_holds WHERE holder = $1' };
const CLEAR: Statement = {
  name: 'stock-clear',
  text: 'WITH holds AS (DELETE FROM stock_holds), levels AS (DELETE FROM stock_levels) DELETE FROM stock',
};

type Call =
  | { readonly kind: 'reserve'; readonly batch: readonly StockReservation[] }
  | { readonly kind: 'release'; readonly holders: readonly string[] }
  | { readonly kind: 'levels'; readonly levels: readonly StockLevel[] }
  | { readonly kind: 'clear' };

/** Stock in PostgreSQL, for any number of processes. `strict`: an unknown SKU is a shortage instead of being accepted uncounted. */
export const openPostgresStock = (database: Database, { strict = false }: { readonly strict?: boolean } = {}): StockHolds => {
  /** Whether a SKU is tracked, as far as is known here; the server checks it. */
  const tracked = new RecentMap<string, boolean>(REMEMBERED_SKUS);

  const learn = async (skus: Iterable<string>): Promise<void> => {
    const unknown = [...new Set(skus)].filter((sku) => tracked.get(sku) === undefined);
    if (unknown.length === 0) return;
    const known = new Set((await database.rows<[string]>(TRACKED, [unknown])).map(([sku]) => sku));
    for (const sku of unknown) tracked.set(sku, known.has(sku));
  };

  const reserve = async (batch: readonly StockReservation[]): Promise<readonly StockOutcome[]> => {
    const skus = batch.flatMap(({ items }) => items.map(({ sku }) => sku));
    await learn(skus);
    const isKnown = !strict || skus.every((sku) => tracked.get(sku));
    if (isKnown && (await reserveAtOnce(database, batch, (sku) => tracked.get(sku) === true)))
      return batch.map(() => ({ kind: 'reserved' }));
    for (const sku of skus) tracked.delete(sku);
    return repeated(() => database.transaction((session) => reserveInTurn(session, batch, strict)));
  };

  const setLevels = async (levels: readonly StockLevel[]): Promise<string[]> =>
    repeated(() =>
      database.transaction(async (session) => {
        const balances = new LockedBalances(session);
        const skus = [...new Set(levels.map(({ sku }) => sku))];
        await balances.track(skus);
        await balances.lock(skus);
        const changes: string[] = [];
        for (const level of levels) changes.push(await balances.setLevel(level));
        await balances.write();
        return changes;
      }),
    );

  const queue = new CallQueue<Call>(async (calls) => {
    switch (calls[0]?.kind) {
      case 'reserve':
        return portioned(
          calls,
          ofKind(calls, 'reserve').map(({ batch }) => batch),
          reserve,
        );
      case 'release':
        await repeated(() =>
          database.transaction((session) =>
            releaseHolds(
              session,
              ofKind(calls, 'release').flatMap(({ holders }) => holders),
            ),
          ),
        );
        return calls;
      case 'levels':
        return portioned(
          calls,
          ofKind(calls, 'levels').map(({ levels }) => levels),
          setLevels,
        );
      default:
        await database.rows(CLEAR);
        tracked.clear();
        return calls;
    }
  });

  return {
    async reserve(batch: readonly StockReservation[]): Promise<readonly StockOutcome[]> {
      for (const { items } of batch) for (const { quantity } of items) check(quantity);
      return batch.length === 0 ? [] : queue.ask({ kind: 'reserve', batch });
    },

    async release(holders: readonly string[]): Promise<void> {
      if (holders.length > 0) await queue.ask({ kind: 'release', holders });
    },

    async setLevels(levels: readonly StockLevel[]): Promise<readonly { readonly change: string }[]> {
      for (const { available } of levels) check(available);
      if (levels.length === 0) return [];
      return (await queue.ask<string[]>({ kind: 'levels', levels })).map((change) => ({ change }));
    },

    async balances({ skus, afterSku = '', limit = DEFAULT_LIMIT }): Promise<readonly StockBalance[]> {
      const rows = await (skus ? database.rows<BalanceRow>(SOME, [skus]) : database.rows<BalanceRow>(PAGE, [afterSku, limit]));
      return rows.map(([sku, free, held, loaded, revision]) => ({
        sku,
        free: plain(free),
        held: plain(held),
        loaded: plain(loaded),
        revision,
      }));
    },

    async held(holder: string): Promise<readonly StockItem[] | undefined> {
      const [row] = await database.rows<[number, string]>(HOLD, [holder]);
      if (!row) return undefined;
      return row[0] === HELD ? (JSON.parse(row[1]) as StockItem[]) : [];
    },

    async clear(): Promise<void> {
      await queue.ask({ kind: 'clear' });
    },
  };
};

type BalanceRow = readonly [sku: string, free: string, held: string, loaded: string, revision: number];

/** `numeric` keeps the digits of what was added to it: `3.0` becomes `3`. */
const plain = (amount: string): string => formatAmount(parseAmount(amount));

const check = (amount: string): void => {
  if (!DECIMAL_PATTERN.test(amount)) throw new RangeError(`${amount} is no amount of at most 12 integer and 6 fraction digits`);
};

const ofKind = <Kind extends Call['kind']>(calls: readonly Call[], kind: Kind): Extract<Call, { kind: Kind }>[] =>
  calls.filter((call): call is Extract<Call, { kind: Kind }> => call.kind === kind);

/** Performs the parts of several calls together, and hands each call its part of the answers. */
const portioned = async <Part, Answer>(
  calls: readonly Call[],
  parts: readonly (readonly Part[])[],
  perform: (all: readonly Part[]) => Promise<readonly Answer[]>,
): Promise<(readonly Answer[])[]> => {
  const answers = await perform(parts.flat());
  let from = 0;
  return calls.map((_, index) => answers.slice(from, (from += parts[index]?.length ?? 0)));
};
