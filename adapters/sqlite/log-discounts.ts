import type { DatabaseSync } from 'node:sqlite';
import type { DiscountDefinition, DiscountRejection } from '@sagahub/contracts/ports/discounts.ts';
import { APPLIED, type RedeemCall, type RedeemReply, REJECTED, RELEASED } from './discount-protocol.ts';
import { fingerprint } from './fingerprint.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';

const REMEMBERED_CODES = 10_000;

interface Code {
  readonly code: string;
  readonly percent: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly maxRedemptions: number;
  redeemed: number;
}

const UNKNOWN = 'unknown';

/**
 * Discounts, in the writer thread. Only what can run out is counted: a redemption of a code without a limit leaves no row, and is
 * answered by its definition. Rejections and releases always leave one, so that a holder's first answer stands.
 */
export const logDiscounts = (db: DatabaseSync) => {
  const selectHold = db.prepare('SELECT key, state, code, answer FROM discount_holds WHERE fingerprint = ? AND holder = ?');
  const insertHold = db.prepare('INSERT INTO discount_holds (fingerprint, state, holder, code, answer) VALUES (?, ?, ?, ?, ?)');
  const releaseHold = db.prepare(`UPDATE discount_holds SET state = ${RELEASED} WHERE key = ?`);
  const selectCode = db.prepare('SELECT code, percent, valid_from, valid_to, max_redemptions, redeemed FROM discounts WHERE code = ?');
  const writeRedeemed = db.prepare('UPDATE discounts SET redeemed = ? WHERE code = ?');
  const define = db.prepare(
    `INSERT INTO discounts (code, percent, valid_from, valid_to, max_redemptions, revision, redeemed) VALUES (?, ?, ?, ?, ?, ?, 0)
     ON CONFLICT (code) DO UPDATE SET percent = excluded.percent, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
       max_redemptions = excluded.max_redemptions, revision = excluded.revision WHERE excluded.revision > revision`,
  );

  const codes = new RecentMap<string, Code | typeof UNKNOWN>(REMEMBERED_CODES);
  /** Counted since the last commit. */
  const changed = new Map<string, Code>();

  const codeOf = (code: string): Code | undefined => {
    const known = codes.get(code) ?? changed.get(code);
    if (known !== undefined) return known === UNKNOWN ? undefined : known;
    const row = selectCode.get(code) as any;
    const found: Code | undefined = row && {
      code,
      percent: row.percent,
      validFromMs: row.valid_from === null ? -Infinity : Date.parse(row.valid_from),
      validToMs: row.valid_to === null ? Infinity : Date.parse(row.valid_to),
      maxRedemptions: row.max_redemptions ?? Infinity,
      redeemed: row.redeemed,
    };
    codes.set(code, found ?? UNKNOWN);
    return found;
  };

  const count = (code: Code, by: number): void => {
    code.redeemed += by;
    changed.set(code.code, code);
  };

  const writeChanged = (): void => {
    for (const { code, redeemed } of changed.values()) writeRedeemed.run(redeemed, code);
    changed.clear();
  };

  const refusal = (code: Code | undefined, atMs: number): DiscountRejection | undefined => {
    if (!code) return 'unknown';
    if (atMs < code.validFromMs) return 'not-yet-valid';
    if (atMs >= code.validToMs) return 'expired';
    return code.redeemed >= code.maxRedemptions ? 'used-up' : undefined;
  };

  const redeemOne = (holder: string, name: string, atMs: number): RedeemReply[number] => {
    const mark = fingerprint(holder);
    const earlier = selectHold.get(mark, holder) as { state: number; answer: string } | undefined;
    if (earlier) return [earlier.state, earlier.answer] as unknown as RedeemReply[number];
    const code = codeOf(name);
    const reason = refusal(code, atMs);
    if (reason !== undefined || !code) {
      insertHold.run(mark, REJECTED, holder, name, reason ?? 'unknown');
      return [REJECTED, reason ?? 'unknown'];
    }
    if (code.maxRedemptions !== Infinity) {
      insertHold.run(mark, APPLIED, holder, name, code.percent);
      count(code, 1);
    }
    return [APPLIED, code.percent];
  };

  const redeemDiscounts = (call: RedeemCall): RedeemReply => {
    const reply: RedeemReply[number][] = [];
    for (let at = 0; at < call.length; at += 3) reply.push(redeemOne(call[at] as string, call[at + 1] as string, call[at + 2] as number));
    return reply;
  };

  const releaseDiscounts = (holders: readonly string[]): void => {
    for (const holder of holders) {
      const mark = fingerprint(holder);
      const row = selectHold.get(mark, holder) as { key: number; state: number; code: string } | undefined;
      if (!row) insertHold.run(mark, RELEASED, holder, '', '');
      else if (row.state === APPLIED) {
        const code = codeOf(row.code);
        if (code) count(code, -1);
        releaseHold.run(row.key);
      }
    }
  };

  const defineDiscounts = (definitions: readonly DiscountDefinition[]): void => {
    for (const { code, percent, validFrom, validTo, maxRedemptions, revision } of definitions)
      define.run(code, percent, validFrom ?? null, validTo ?? null, maxRedemptions ?? null, revision);
    writeChanged();
    codes.clear();
  };

  const forget = (): void => {
    codes.clear();
    changed.clear();
  };

  return {
    operations: {
      redeemDiscounts,
      releaseDiscounts,
      defineDiscounts,
      clearDiscounts: (): void => {
        db.exec('DELETE FROM discounts; DELETE FROM discount_holds;');
        forget();
      },
    },
    beforeCommit: writeChanged,
    forget,
  };
};
