import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type CollectionLayout, type Column, columnOf, tableOf } from './document-store-schema.ts';

/** Puts of one write, flat, as that crosses threads cheapest: collection, id, revision, body, then the columns of its layout. */
export type FlatPuts = readonly Column[];
/** Items of a flat put before its columns. */
export const FLAT_COLUMNS = 4;

/**
 * Writes one table.
 *
 * A document that is replaced is read first, and only the columns that differ are set: SQLite rewrites every index of every
 * column it is told to set, equal or not. With five indexes, two of them on what changed, a replacement takes 12 µs instead of
 * the 18 of an upsert; 8 instead of 17 when none changed. A first put takes 27 either way, half of it writing pages.
 */
export class DocumentTable {
  readonly #db: DatabaseSync;
  readonly #layout: CollectionLayout;
  readonly #table: string;
  readonly #stored: StatementSync;
  readonly #insert: StatementSync;
  /** By the set of columns that differ: bit n stands for field n. */
  readonly #updates = new Map<number, StatementSync>();

  constructor(db: DatabaseSync, layout: CollectionLayout, generation: number) {
    this.#db = db;
    this.#layout = layout;
    this.#table = tableOf(layout.name, generation);
    const columns = layout.fields.map(columnOf);
    this.#stored = db.prepare(`SELECT ${['key', 'revision', ...columns].join(', ')} FROM ${this.#table} WHERE id = ?`);
    this.#stored.setReturnArrays(true);
    const inserted = ['id', 'revision', 'body', ...columns];
    this.#insert = db.prepare(`INSERT INTO ${this.#table} (${inserted.join(', ')}) VALUES (${inserted.map(() => '?').join(', ')})`);
  }

  /** Writes the put that starts at `at`, unless the stored revision is as high; returns where the next one starts. */
  put(puts: FlatPuts, at: number): number {
    const end = at + FLAT_COLUMNS + this.#layout.fields.length;
    const stored = this.#stored.get(puts[at + 1] as string) as unknown as Column[] | undefined;
    if (!stored) this.#insert.run(...puts.slice(at + 1, end));
    else if ((puts[at + 2] as number) > (stored[1] as number)) this.#replace(stored, puts, at);
    return end;
  }

  #replace(stored: readonly Column[], puts: FlatPuts, at: number): void {
    let differing = 0;
    const values: Column[] = [puts[at + 2] as number, puts[at + 3] as string];
    for (let field = 0; field < this.#layout.fields.length; field += 1) {
      const value = puts[at + FLAT_COLUMNS + field] as Column;
      if (value === stored[2 + field]) continue;
      differing |= 1 << field;
      values.push(value);
    }
    values.push(stored[0] as number);
    this.#update(differing).run(...values);
  }

  #update(differing: number): StatementSync {
    let update = this.#updates.get(differing);
    if (update) return update;
    const set = this.#layout.fields.filter((_, field) => differing & (1 << field)).map((field) => `, ${columnOf(field)} = ?`);
    update = this.#db.prepare(`UPDATE ${this.#table} SET revision = ?, body = ?${set.join('')} WHERE key = ?`);
    this.#updates.set(differing, update);
    return update;
  }
}
