import type {
  DiscountBalance,
  DiscountDefinition,
  DiscountHolds,
  DiscountOutcome,
  DiscountRedemption,
} from '@sagahub/contracts/ports/discounts.ts';
import { CallQueue } from './call-queue.ts';
import type { Database, Statement } from './database.ts';
import { redeemInTurn, redeemWithoutWriting, releaseRedemptions } from './discount-holds.ts';
import { repeated } from './transactions.ts';

const DEFAULT_LIMIT = 500;

const COLUMNS = 'code, percent, valid_from, valid_to, max_redemptions, redeemed, revision';
const PAGE: Statement = { name: 'discount-page', text: `SELECT ${COLUMNS} FROM discounts WHERE code > $1 ORDER BY code LIMIT $2` };
const SOME: Statement = { name: 'discount-some', text: `SELECT ${COLUMNS} FROM discounts WHERE code = ANY ($1) ORDER BY code` };
const DEFINE: Statement = {
  name: 'discount-define',
  text: `INSERT INTO discounts AS d (code, percent, valid_from, valid_to, max_redemptions, revision)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::integer[]) AS a ORDER BY 1
    ON CONFLICT (code) DO UPDATE SET percent = excluded.percent, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
      max_redemptions = excluded.max_redemptions, revision = excluded.revision WHERE excluded.revision > d.revision`,
};
const CLEAR: Statement = { name: 'discount-clear', text: 'WITH holds AS (DELETE FROM discount_holds) DELETE FROM discounts' };

type Call =
  | { readonly kind: 'redeem'; readonly batch: readonly DiscountRedemption[] }
  | { readonly kind: 'release'; readonly holders: readonly string[] }
  | { readonly kind: 'define'; readonly definitions: readonly DiscountDefinition[] }
  | { readonly kind: 'clear' };

/**
 * Discounts in PostgreSQL, for any number of processes. Only what can run out is counted: a redemption of a code without a limit leaves no row, and is
 * answered by its definition. Rejections and releases always leave one, so that a holder's first answer stands.
 */
export const openPostgresDiscounts = (database: Database): DiscountHolds => {
  const redeem = async (batch: readonly DiscountRedemption[]): Promise<readonly DiscountOutcome[]> =>
    (await redeemWithoutWriting(database, batch)) ?? repeated(() => database.transaction((session) => redeemInTurn(session, batch)));

  const define = async (definitions: readonly DiscountDefinition[]): Promise<void> => {
    // A statement may touch a row once: of several definitions of a code, the newest.
    const newest = new Map<string, DiscountDefinition>();
    for (const definition of definitions) {
      const known = newest.get(definition.code);
      if (!known || definition.revision > known.revision) newest.set(definition.code, definition);
    }
    const all = [...newest.values()];
    await database.rows(DEFINE, [
      all.map(({ code }) => code),
      all.map(({ percent }) => percent),
      all.map(({ validFrom }) => validFrom ?? null),
      all.map(({ validTo }) => validTo ?? null),
      all.map(({ maxRedemptions }) => maxRedemptions ?? null),
      all.map(({ revision }) => revision),
    ]);
  };

  const queue = new CallQueue<Call>(async (calls) => {
    const answers: unknown[] = [];
    const redemptions = calls.flatMap((call) => (call.kind === 'redeem' ? call.batch : []));
    const outcomes = redemptions.length > 0 ? await redeem(redemptions) : [];
    let from = 0;
    for (const call of calls) answers.push(call.kind === 'redeem' ? outcomes.slice(from, (from += call.batch.length)) : undefined);
    const released = calls.flatMap((call) => (call.kind === 'release' ? call.holders : []));
    if (released.length > 0) await repeated(() => database.transaction((session) => releaseRedemptions(session, released)));
    const definitions = calls.flatMap((call) => (call.kind === 'define' ? call.definitions : []));
    if (definitions.length > 0) await define(definitions);
    if (calls[0]?.kind === 'clear') await database.rows(CLEAR);
    return answers;
  });

  return {
    redeem: async (batch: readonly DiscountRedemption[]): Promise<readonly DiscountOutcome[]> => queue.ask({ kind: 'redeem', batch }),

    release: async (holders: readonly string[]): Promise<void> => queue.ask({ kind: 'release', holders }),

    define: async (definitions: readonly DiscountDefinition[]): Promise<void> => queue.ask({ kind: 'define', definitions }),

    async balances({ codes, afterCode = '', limit = DEFAULT_LIMIT }): Promise<readonly DiscountBalance[]> {
      const rows = await (codes ? database.rows<Row>(SOME, [codes]) : database.rows<Row>(PAGE, [afterCode, limit]));
      return rows.map(balance);
    },

    clear: async (): Promise<void> => queue.ask({ kind: 'clear' }),
  };
};

type Row = readonly [
  code: string,
  percent: string,
  validFrom: string | null,
  validTo: string | null,
  maxRedemptions: string | null,
  redeemed: string,
  revision: number,
];

const balance = ([code, percent, validFrom, validTo, maxRedemptions, redeemed, revision]: Row): DiscountBalance => ({
  code,
  percent,
  ...(validFrom !== null && { validFrom }),
  ...(validTo !== null && { validTo }),
  ...(maxRedemptions !== null && { maxRedemptions: Number(maxRedemptions) }),
  revision,
  redeemed: maxRedemptions === null ? 0 : Number(redeemed),
});
