import type { DatabaseSync } from 'node:sqlite';
import { formatAmount, parseAmount } from './amount.ts';
import { fingerprint } from './fingerprint.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import { HELD, REJECTED, RELEASED, type ReserveCall, type ReserveReply, type WireLevel, type WireShortage } from './stock-protocol.ts';

/** SKUs whose balance is remembered. */
const REMEMBERED_SKUS = 50_000;

interface Balance {
  readonly sku: string;
  free: bigint;
  held: bigint;
  /** Sum of all changes by level loads; always free + held. */
  loaded: bigint;
  revision: number;
}

/** What is known of a SKU no level was ever set for. */
const UNTRACKED = 'untracked';

interface HoldRow {
  readonly key: number;
  readonly state: number;
  /** JSON: SKU and quantity in turn when held, shortages when rejected. */
  readonly items: string;
}

/**
 * Stock, in the writer thread: one row per holder, and balances kept in memory, so that a SKU which many orders of one commit
 * touch is written once. Each reservation is decided before anything of it is written.
 */
export const logStock = (db: DatabaseSync) => {
  const selectHold = db.prepare('SELECT key, state, items FROM stock_holds WHERE fingerprint = ? AND holder = ?');
  const insertHold = db.prepare('INSERT INTO stock_holds (fingerprint, state, holder, items) VALUES (?, ?, ?, ?)');
  const releaseHold = db.prepare(`UPDATE stock_holds SET state = ${RELEASED}, items = '[]' WHERE key = ?`);
  const selectBalance = db.prepare('SELECT sku, free, held, loaded, revision FROM stock WHERE sku = ?');
  const writeBalance = db.prepare(
    `INSERT INTO stock (sku, free, held, loaded, revision) VALUES (?, ?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE
     SET free = excluded.free, held = excluded.held, loaded = excluded.loaded, revision = excluded.revision`,
  );
  const selectLevel = db.prepare('SELECT change FROM stock_levels WHERE sku = ? AND revision = ?');
  const insertLevel = db.prepare('INSERT INTO stock_levels (sku, revision, change) VALUES (?, ?, ?)');

  const balances = new RecentMap<string, Balance | typeof UNTRACKED>(REMEMBERED_SKUS);
  /** Changed since the last commit. */
  const changed = new Map<string, Balance>();

  const balanceOf = (sku: string): Balance | undefined => {
    const known = balances.get(sku) ?? changed.get(sku);
    if (known !== undefined) return known === UNTRACKED ? undefined : known;
    const row = selectBalance.get(sku) as { free: string; held: string; loaded: string; revision: number } | undefined;
    const balance = row && {
      sku,
      free: parseAmount(row.free),
      held: parseAmount(row.held),
      loaded: parseAmount(row.loaded),
      revision: row.revision,
    };
    balances.set(sku, balance ?? UNTRACKED);
    return balance;
  };

  /** Takes from what is free; a negative quantity gives back. */
  const hold = (balance: Balance, quantity: bigint): void => {
    balance.free -= quantity;
    balance.held += quantity;
    changed.set(balance.sku, balance);
  };

  const holdOf = (holder: string, mark: number): HoldRow | undefined => selectHold.get(mark, holder) as HoldRow | undefined;

  const giveBack = (items: readonly string[]): void => {
    for (let at = 0; at < items.length; at += 2) {
      const balance = balanceOf(items[at] as string);
      if (balance) hold(balance, -parseAmount(items[at + 1] as string));
    }
  };

  const reserveOne = (
    strict: boolean,
    holder: string,
    items: readonly string[],
  ): typeof HELD | typeof RELEASED | readonly WireShortage[] => {
    const mark = fingerprint(holder);
    const earlier = holdOf(holder, mark);
    if (earlier) return earlier.state === REJECTED ? (JSON.parse(earlier.items) as WireShortage[]) : (earlier.state as typeof HELD);
    const held: string[] = [];
    const shortages: WireShortage[] = [];
    for (let at = 0; at < items.length; at += 2) {
      const sku = items[at] as string;
      const requested = items[at + 1] as string;
      const balance = balanceOf(sku);
      if (!balance) {
        if (strict) shortages.push([sku, requested]);
        continue;
      }
      const quantity = parseAmount(requested);
      if (balance.free < quantity) shortages.push([sku, requested, formatAmount(balance.free)]);
      else {
        hold(balance, quantity);
        held.push(sku, requested);
      }
    }
    if (shortages.length > 0) giveBack(held);
    insertHold.run(mark, shortages.length > 0 ? REJECTED : HELD, holder, JSON.stringify(shortages.length > 0 ? shortages : held));
    return shortages.length > 0 ? shortages : HELD;
  };

  const reserveStock = (call: ReserveCall): ReserveReply => {
    const reply: ReserveReply[number][] = [];
    for (let at = 1; at < call.length; at += 2) reply.push(reserveOne(call[0], call[at] as string, call[at + 1] as readonly string[]));
    return reply;
  };

  const releaseStock = (holders: readonly string[]): void => {
    for (const holder of holders) {
      const mark = fingerprint(holder);
      const row = holdOf(holder, mark);
      if (!row) insertHold.run(mark, RELEASED, holder, '[]');
      else if (row.state === HELD) {
        giveBack(JSON.parse(row.items) as string[]);
        releaseHold.run(row.key);
      }
    }
  };

  const setLevel = ([sku, available, revision]: WireLevel): string => {
    const balance = balanceOf(sku) ?? { sku, free: 0n, held: 0n, loaded: 0n, revision: -1 };
    if (revision <= balance.revision) return (selectLevel.get(sku, revision) as { change: string } | undefined)?.change ?? '0';
    const free = parseAmount(available);
    const change = free - balance.free;
    balance.free = free;
    balance.loaded += change;
    balance.revision = revision;
    balances.set(sku, balance);
    changed.set(sku, balance);
    insertLevel.run(sku, revision, formatAmount(change));
    return formatAmount(change);
  };

  const forget = (): void => {
    balances.clear();
    changed.clear();
  };

  return {
    operations: {
      reserveStock,
      releaseStock,
      setStockLevels: (levels: readonly WireLevel[]): string[] => levels.map(setLevel),
      clearStock: (): void => {
        db.exec('DELETE FROM stock; DELETE FROM stock_levels; DELETE FROM stock_holds;');
        forget();
      },
    },
    beforeCommit: (): void => {
      for (const { sku, free, held, loaded, revision } of changed.values())
        writeBalance.run(sku, formatAmount(free), formatAmount(held), formatAmount(loaded), revision);
      changed.clear();
    },
    forget,
  };
};
