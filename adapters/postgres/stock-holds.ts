import type { StockItem, StockOutcome, StockReservation, StockShortage } from '@sagahub/contracts/ports/stock.ts';
import { formatAmount, parseAmount } from '../sqlite/amount.ts';
import type { Database, Session, Statement } from './database.ts';
import { SQLSTATE, sqlState } from './errors.ts';
import { HELD, REJECTED, RELEASED, UNDECIDED } from './hold-states.ts';
import { LockedBalances } from './stock-balances.ts';

const RESERVE: Statement = { name: 'stock-reserve', text: 'SELECT reserve_stock($1, $2, $3, $4, $5)' };
/** A holder that is there already stays as it is. */
const ENTER: Statement = {
  name: 'stock-enter',
  text: `INSERT INTO stock_holds (holder, state, items) SELECT holder, $2, '[]' FROM unnest($1::text[]) AS a (holder) ORDER BY holder
    ON CONFLICT DO NOTHING`,
};
const LOCK: Statement = {
  name: 'stock-lock-holds',
  text: 'SELECT holder, state, items FROM stock_holds WHERE holder = ANY ($1) ORDER BY holder FOR UPDATE',
};
const DECIDE: Statement = {
  name: 'stock-decide',
  text: `UPDATE stock_holds h SET state = a.state, items = a.items FROM unnest($1::text[], $2::smallint[], $3::text[]) AS a (holder, state, items)
    WHERE h.holder = a.holder`,
};

interface Hold {
  readonly state: number;
  /** JSON: the items held, or the shortages of a rejected one. */
  readonly items: string;
}

const RESERVED: StockOutcome = Object.freeze({ kind: 'reserved' });
const WAS_RELEASED: StockOutcome = Object.freeze({ kind: 'released' });

const outcomeOf = ({ state, items }: Hold): StockOutcome => {
  if (state === HELD) return RESERVED;
  return state === RELEASED ? WAS_RELEASED : { kind: 'rejected', shortages: JSON.parse(items) as StockShortage[] };
};

/**
 * The usual case in one statement: new holders, known SKUs, enough of everything.
 * @param tracked whether a SKU is; what proves wrong is found out and refused by the server
 * @returns whether it was the usual case; otherwise nothing was done
 */
export const reserveAtOnce = async (
  database: Database,
  batch: readonly StockReservation[],
  tracked: (sku: string) => boolean,
): Promise<boolean> => {
  if (new Set(batch.map(({ holder }) => holder)).size < batch.length) return false;
  const totals = new Map<string, bigint>();
  const untracked = new Set<string>();
  const held = batch.map(({ items }) => {
    const counted = items.filter(({ sku }) => tracked(sku) || !untracked.add(sku));
    for (const { sku, quantity } of counted) totals.set(sku, (totals.get(sku) ?? 0n) + parseAmount(quantity));
    return JSON.stringify(counted);
  });
  const holders = batch.map(({ holder }) => holder);
  const skus = [...totals.keys()];
  try {
    await database.rows(RESERVE, [holders, held, skus, [...totals.values()].map(formatAmount), [...untracked]]);
    return true;
  } catch (error) {
    if (sqlState(error) === SQLSTATE.notAsAssumed) return false;
    throw error;
  }
};

/** Any case, one reservation after the other; everything it reads is locked until it commits. */
export const reserveInTurn = async (session: Session, batch: readonly StockReservation[], strict: boolean): Promise<StockOutcome[]> => {
  const holds = await enter(session, [...new Set(batch.map(({ holder }) => holder))], UNDECIDED);
  const balances = new LockedBalances(session);
  await balances.lock([...new Set(batch.flatMap(({ items }) => items.map(({ sku }) => sku)))]);
  const decided = new Map<string, Hold>();
  for (const { holder, items } of batch) {
    if (holds.get(holder)?.state !== UNDECIDED || decided.has(holder)) continue;
    const shortages = items.flatMap((item) => shortageOf(item, balances.free(item.sku), strict));
    const held = shortages.length > 0 ? [] : items.filter(({ sku }) => balances.free(sku) !== undefined);
    for (const { sku, quantity } of held) balances.hold(sku, parseAmount(quantity));
    const isHeld = shortages.length === 0;
    decided.set(holder, { state: isHeld ? HELD : REJECTED, items: JSON.stringify(isHeld ? held : shortages) });
  }
  await balances.write();
  await decide(session, decided);
  return batch.map(({ holder }) => outcomeOf(decided.get(holder) ?? (holds.get(holder) as Hold)));
};

const shortageOf = ({ sku, quantity }: StockItem, free: bigint | undefined, strict: boolean): StockShortage[] => {
  if (free === undefined) return strict ? [{ sku, requested: quantity }] : [];
  return free < parseAmount(quantity) ? [{ sku, requested: quantity, available: formatAmount(free) }] : [];
};

export const releaseHolds = async (session: Session, holders: readonly string[]): Promise<void> => {
  const holds = await enter(session, [...new Set(holders)], RELEASED); // a tombstone where there was none
  const held = [...holds].filter(([, { state }]) => state === HELD);
  if (held.length === 0) return;
  const items = held.flatMap(([, hold]) => JSON.parse(hold.items) as StockItem[]);
  const balances = new LockedBalances(session);
  await balances.lock([...new Set(items.map(({ sku }) => sku))]);
  for (const { sku, quantity } of items) balances.hold(sku, -parseAmount(quantity));
  await balances.write();
  await decide(session, new Map(held.map(([holder]) => [holder, { state: RELEASED, items: '[]' }])));
};

/** Enters new holders in the given state, and locks all of them. */
const enter = async (session: Session, holders: readonly string[], state: number): Promise<ReadonlyMap<string, Hold>> => {
  await session.rows(ENTER, [holders, state]);
  const rows = await session.rows<[string, number, string]>(LOCK, [holders]);
  return new Map(rows.map(([holder, known, items]) => [holder, { state: known, items }]));
};

const decide = async (session: Session, decided: ReadonlyMap<string, Hold>): Promise<void> => {
  if (decided.size === 0) return;
  const holds = [...decided.values()];
  await session.rows(DECIDE, [[...decided.keys()], holds.map(({ state }) => state), holds.map(({ items }) => items)]);
};
