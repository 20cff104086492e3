import { SupersededError } from '@sagahub/contracts/errors.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Database, Session, Statement } from './database.ts';

/** Written by the migration for tables that were in use before it was known of which log. */
const BEFORE_IT_WAS_KEPT = '';

const READ: Statement = { name: 'holds-origin', text: 'SELECT log_id FROM holds_origin' };
const FENCE: Statement = { name: 'holds-origin-fence', text: 'SELECT 1 FROM leaders WHERE name = $1 AND epoch = $2 FOR SHARE' };
const FORGET: Statement = { name: 'holds-origin-forget', text: 'DELETE FROM holds_origin' };
const SET: Statement = { name: 'holds-origin-set', text: 'INSERT INTO holds_origin (log_id) VALUES ($1)' };
/** There is a row for every order that ever was: all at once would take longer than a statement may. */
const ROWS_AT_ONCE = 10_000;
const EMPTY: readonly Statement[] = ['stock', 'stock_levels', 'stock_holds', 'discounts', 'discount_holds', 'open_work'].map((table) => ({
  name: `holds-origin-empty-${table}`,
  text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} LIMIT ${ROWS_AT_ONCE})) RETURNING 1`,
}));
const REWIND: readonly Statement[] = [
  { name: 'holds-origin-rewind', text: 'DELETE FROM open_work_checkpoint' },
  { name: 'holds-origin-begin', text: 'INSERT INTO open_work_checkpoint VALUES (0)' },
];

/**
 * Which log stock, discounts and open work are folded from. They lie in PostgreSQL also where the log does not, so one can be lost without
 * the other: tables that are empty because they were lost look like those of a hub that never counted anything.
 */
export interface HoldsOrigin {
  /** Are they of this log, and whole? */
  isOf(logId: string): Promise<boolean>;
  /**
   * Makes them empty, and of no log until {@link set}.
   * @throws SupersededError the term is over: nothing was changed, or they are of no log, and the rest is for whoever leads now
   */
  empty(term: Term): Promise<void>;
  /** They are whole. @throws SupersededError the term is over */
  set(logId: string, term: Term): Promise<void>;
  /** Whoever starts next folds them anew. Nobody may use them until then. */
  forget(): Promise<void>;
}

export const openHoldsOrigin = (database: Database): HoldsOrigin => {
  const fenced = (term: Term, work: (session: Session) => Promise<void>): Promise<void> =>
    database.transaction(async (session) => {
      if ((await session.rows(FENCE, [term.name, term.epoch])).length === 0) throw new SupersededError(term.name, term.epoch);
      await session.rows(FORGET);
      await work(session);
    });
  const someGone = async (term: Term, statement: Statement): Promise<boolean> => {
    let gone = 0;
    await fenced(term, async (session) => void (gone = (await session.rows(statement)).length));
    return gone > 0;
  };
  return {
    isOf: async (logId) => {
      const [row] = await database.rows<[string]>(READ);
      return row !== undefined && (row[0] === logId || row[0] === BEFORE_IT_WAS_KEPT);
    },
    empty: async (term) => {
      await fenced(term, async (session) => {
        for (const statement of REWIND) await session.rows(statement);
      });
      for (const statement of EMPTY) while (await someGone(term, statement));
    },
    set: (logId, term) => fenced(term, async (session) => void (await session.rows(SET, [logId]))),
    forget: async () => void (await database.rows(FORGET)),
  };
};
