import type { DatabaseSync } from 'node:sqlite';
import type { Migration } from './migrations.ts';

/**
 * What a writer thread can do with its database, named by a file that the thread imports: `export const database: DatabaseModule`.
 *
 * ```ts
 * export const database = {
 *   migrations: [{ sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT', compatibleFrom: 1 }],
 *   open: (db) => {
 *     const insert = db.prepare('INSERT INTO notes (text) VALUES (?)');
 *     return { operations: { addNote: (text: string) => Number(insert.run(text).lastInsertRowid) } };
 *   },
 * } satisfies DatabaseModule;
 * ```
 */
export interface DatabaseModule<Options = any> {
  readonly migrations: readonly Migration[];
  /** Called once, after the migrations. `options` is what `openWriter` was given (it crosses to the thread as a clone). */
  open(db: DatabaseSync, options: Options): DatabaseSession;
}

export interface DatabaseSession {
  /**
   * Run inside a transaction that the writer opens and commits; many operations share one. An outcome a caller must expect (a
   * conflict, a rejection) is a result, not an exception: throwing rolls back the whole transaction, after which each of its
   * operations runs again in a transaction of its own, so that only the one at fault is rejected. Hence an operation depends on
   * nothing but its arguments, the database, and memory that `forget` drops.
   */
  readonly operations: Operations;
  /** Writes what operations gathered in memory (rows that many of them change are written once per commit). */
  beforeCommit?(): void;
  /** After the transactions of a batch, before its callers are told; outside of any transaction. Throwing ends the writer. */
  afterBatch?(): void;
  /** The transaction was rolled back: whatever is remembered of the database may be untrue. */
  forget?(): void;
}

/** Arguments and results cross threads by structured clone: strings, numbers and flat arrays are the cheap ones. */
export type Operations = Readonly<Record<string, (args: any) => unknown>>;
