import type { StockLevel } from '@sagahub/contracts/ports/stock.ts';
import { formatAmount, parseAmount } from '../sqlite/amount.ts';
import type { Session, Statement } from './database.ts';

/** In millionths. */
interface Balance {
  free: bigint;
  held: bigint;
  loaded: bigint;
  revision: number;
}

const LOCK: Statement = {
  name: 'stock-lock',
  text: 'SELECT sku, free, held, loaded, revision FROM stock WHERE sku = ANY ($1) ORDER BY sku FOR UPDATE',
};
const INSERT: Statement = {
  name: 'stock-insert',
  text: `INSERT INTO stock (sku, free, held, loaded, revision) SELECT sku, 0, 0, 0, -1 FROM unnest($1::text[]) AS a (sku) ORDER BY sku
    ON CONFLICT DO NOTHING`,
};
const WRITE: Statement = {
  name: 'stock-write',
  text: `UPDATE stock s SET free = a.free, held = a.held, loaded = a.loaded, revision = a.revision
    FROM unnest($1::text[], $2::numeric[], $3::numeric[], $4::numeric[], $5::integer[]) AS a (sku, free, held, loaded, revision)
    WHERE s.sku = a.sku`,
};
const LEVEL: Statement = { name: 'stock-level', text: 'SELECT change FROM stock_levels WHERE sku = $1 AND revision = $2' };
const INSERT_LEVEL: Statement = {
  name: 'stock-insert-level',
  text: 'INSERT INTO stock_levels (sku, revision, change) VALUES ($1, $2, $3)',
};

/** Balances of some SKUs, locked until the transaction ends; changed in memory and written once. */
export class LockedBalances {
  readonly #session: Session;
  readonly #balances = new Map<string, Balance>();
  readonly #changed = new Set<string>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Locks those that are tracked, in the order in which everybody does. */
  async lock(skus: readonly string[]): Promise<void> {
    const rows = await this.#session.rows<[string, string, string, string, number]>(LOCK, [skus]);
    for (const [sku, free, held, loaded, revision] of rows)
      this.#balances.set(sku, { free: parseAmount(free), held: parseAmount(held), loaded: parseAmount(loaded), revision });
  }

  /** From now on these are tracked, if they were not: without a level, of revision -1. */
  async track(skus: readonly string[]): Promise<void> {
    await this.#session.rows(INSERT, [skus]);
  }

  /** What is free, in millionths; `undefined` for an untracked SKU. */
  free(sku: string): bigint | undefined {
    return this.#balances.get(sku)?.free;
  }

  /** Takes from what is free; a negative quantity gives back. */
  hold(sku: string, quantity: bigint): void {
    const balance = this.#balances.get(sku);
    if (!balance) return;
    balance.free -= quantity;
    balance.held += quantity;
    this.#changed.add(sku);
  }

  /** Returns the change of free and held together. */
  async setLevel({ sku, available, revision }: StockLevel): Promise<string> {
    const balance = this.#balances.get(sku);
    if (!balance || revision <= balance.revision) return (await this.#session.rows<[string]>(LEVEL, [sku, revision]))[0]?.[0] ?? '0';
    const change = parseAmount(available) - balance.free;
    balance.free += change;
    balance.loaded += change;
    balance.revision = revision;
    this.#changed.add(sku);
    await this.#session.rows(INSERT_LEVEL, [sku, revision, formatAmount(change)]);
    return formatAmount(change);
  }

  async write(): Promise<void> {
    if (this.#changed.size === 0) return;
    const skus = [...this.#changed];
    const amounts = (part: 'free' | 'held' | 'loaded') => skus.map((sku) => formatAmount(this.#balances.get(sku)?.[part] ?? 0n));
    const revisions = skus.map((sku) => this.#balances.get(sku)?.revision);
    await this.#session.rows(WRITE, [skus, amounts('free'), amounts('held'), amounts('loaded'), revisions]);
  }
}
