/**
 * One step from a version of a schema to the next; its version is its place in the list, from 1. Never edited once released.
 *
 * Releases of two versions run on one schema side by side while replicas are replaced one by one, and the older one may be started again. So a
 * change comes in parts, each in a release of its own where it must be: *expand* (what the new release needs stands beside what the old one
 * uses), later *contract* (what no release uses any more goes, and `compatibleFrom` says from which version on a release can do without it).
 * What else may stand in a step, so that it locks nothing for long: `testing/migration-rules.ts`.
 */
export interface Migration {
  /** Unique in its schema; for messages and for whoever looks into `schema_changes`. */
  readonly name: string;
  /**
   * The lowest version that a release must know to run on the schema from here on. Default: whatever could run before still can. What the newest
   * released version can do without may go; what only the coming one can do without may not yet.
   */
  readonly compatibleFrom?: number;
  readonly change: Change;
}

export type Change =
  /** Statements in one transaction. It waits for its locks a fraction of a second at a time, and holds them for seconds at most. */
  | { readonly kind: 'sql'; readonly sql: string }
  /** Built while rows are written, however long it takes; what a crash left half-built is built anew. */
  | {
      readonly kind: 'index';
      readonly index: string;
      readonly unique?: boolean /** e.g. `open_work (queue, due_ms)` */;
      readonly on: string;
    }
  /** A constraint that was added NOT VALID: reads every row, while rows are written. */
  | { readonly kind: 'validate'; readonly table: string; readonly constraint: string }
  /**
   * One statement, run until it is done, each time in a transaction of its own, with a pause as long as it took. It works on the rows behind the
   * key `$1` (text; null at first), some thousand at most, and answers with the key of the last one, or null when there was none. After a crash it
   * begins anew, so that rows it has seen must stay as they are.
   */
  | { readonly kind: 'backfill'; readonly sql: string };
