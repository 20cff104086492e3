import type {
  DiscountBalance,
  DiscountDefinition,
  DiscountHolds,
  DiscountOutcome,
  DiscountRedemption,
} from '@sagahub/contracts/ports/discounts.ts';
import { APPLIED, type RedeemReply, RELEASED } from './discount-protocol.ts';
import type { LogDatabase } from './log.ts';

const DEFAULT_LIMIT = 500;

/** Discounts in `log.db`. */
export const openSqliteDiscounts = ({ writer, reader }: LogDatabase): DiscountHolds => {
  const columns = 'code, percent, valid_from, valid_to, max_redemptions, redeemed, revision';
  const selectPage = reader.prepare(`SELECT ${columns} FROM discounts WHERE code > ? ORDER BY code LIMIT ?`);
  const selectCodes = reader.prepare(`SELECT ${columns} FROM discounts WHERE code IN (SELECT value FROM json_each(?)) ORDER BY code`);

  return {
    async redeem(batch: readonly DiscountRedemption[]): Promise<readonly DiscountOutcome[]> {
      const reply = await writer.call(
        'redeemDiscounts',
        batch.flatMap(({ holder, code, at }) => [holder, code, Date.parse(at)]),
      );
      return reply.map(outcome);
    },

    async release(holders: readonly string[]): Promise<void> {
      await writer.call('releaseDiscounts', holders);
    },

    async define(definitions: readonly DiscountDefinition[]): Promise<void> {
      await writer.call('defineDiscounts', definitions);
    },

    async balances({ codes, afterCode = '', limit = DEFAULT_LIMIT }): Promise<readonly DiscountBalance[]> {
      const rows = codes ? selectCodes.all(JSON.stringify(codes)) : selectPage.all(afterCode, limit);
      return (rows as unknown as Row[]).map(balance);
    },

    async clear(): Promise<void> {
      await writer.call('clearDiscounts', undefined);
    },
  };
};

interface Row {
  readonly code: string;
  readonly percent: string;
  readonly valid_from: string | null;
  readonly valid_to: string | null;
  readonly max_redemptions: number | null;
  readonly redeemed: number;
  readonly revision: number;
}

const balance = (row: Row): DiscountBalance => ({
  code: row.code,
  percent: row.percent,
  ...(row.valid_from !== null && { validFrom: row.valid_from }),
  ...(row.valid_to !== null && { validTo: row.valid_to }),
  ...(row.max_redemptions !== null && { maxRedemptions: row.max_redemptions }),
  revision: row.revision,
  redeemed: row.max_redemptions === null ? 0 : row.redeemed,
});

const outcome = (reply: RedeemReply[number]): DiscountOutcome => {
  if (reply[0] === APPLIED) return { kind: 'applied', percent: reply[1] };
  return reply[0] === RELEASED ? { kind: 'released' } : { kind: 'rejected', reason: reply[1] };
};
