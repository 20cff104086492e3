import type { DiscountOutcome, DiscountRedemption, DiscountRejection } from '@sagahub/contracts/ports/discounts.ts';
import type { Session, Statement } from './database.ts';
import { HELD, REJECTED, RELEASED, UNDECIDED } from './hold-states.ts';

const codes = (name: string, lock: string): Statement => ({
  name,
  text: `SELECT code, percent, valid_from, valid_to, max_redemptions, redeemed FROM discounts WHERE code = ANY ($1) ORDER BY code ${lock}`,
});
const CODES = codes('discount-codes', '');
const LOCK_CODES = codes('discount-lock-codes', 'FOR UPDATE');
const holds = (name: string, lock: string): Statement => ({
  name,
  text: `SELECT holder, state, code, answer FROM discount_holds WHERE holder = ANY ($1) ORDER BY holder ${lock}`,
});
const HOLDS = holds('discount-holds', '');
const LOCK_HOLDS = holds('discount-lock-holds', 'FOR UPDATE');
/** A holder that is there already stays as it is. */
const ENTER: Statement = {
  name: 'discount-enter',
  text: `INSERT INTO discount_holds (holder, state, code, answer) SELECT holder, $2, '', '' FROM unnest($1::text[]) AS a (holder) ORDER BY holder
    ON CONFLICT DO NOTHING`,
};
const DECIDE: Statement = {
  name: 'discount-decide',
  text: `UPDATE discount_holds h SET state = a.state, code = a.code, answer = a.answer
    FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[]) AS a (holder, state, code, answer) WHERE h.holder = a.holder`,
};
const UNDECIDED_LEAVE: Statement = {
  name: 'discount-undecided-leave',
  text: `DELETE FROM discount_holds WHERE holder = ANY ($1) AND state = ${UNDECIDED}`,
};
const COUNT: Statement = {
  name: 'discount-count',
  text: `UPDATE discounts d SET redeemed = d.redeemed + a.added FROM unnest($1::text[], $2::bigint[]) AS a (code, added) WHERE d.code = a.code`,
};

interface Code {
  readonly percent: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly maxRedemptions: number;
  redeemed: number;
}
interface Hold {
  readonly state: number;
  readonly code: string;
  /** The percent when applied, the reason when rejected. */
  readonly answer: string;
}

const outcomeOf = ({ state, answer }: Hold): DiscountOutcome => {
  if (state === HELD) return { kind: 'applied', percent: answer };
  return state === RELEASED ? { kind: 'released' } : { kind: 'rejected', reason: answer as DiscountRejection };
};

const refusal = (code: Code | undefined, at: string): DiscountRejection | undefined => {
  if (!code) return 'unknown';
  const atMs = Date.parse(at);
  if (atMs < code.validFromMs) return 'not-yet-valid';
  if (atMs >= code.validToMs) return 'expired';
  return code.redeemed >= code.maxRedemptions ? 'used-up' : undefined;
};

/** The usual case: every holder was answered before, or uses a valid code without a limit. `undefined` when there is more to it. */
export const redeemWithoutWriting = async (
  session: Session,
  batch: readonly DiscountRedemption[],
): Promise<DiscountOutcome[] | undefined> => {
  const known = await holdsOf(session, HOLDS, holdersOf(batch));
  const defined = await codesOf(session, CODES, batch);
  const outcomes: DiscountOutcome[] = [];
  for (const { holder, code: name, at } of batch) {
    const hold = known.get(holder);
    const code = defined.get(name);
    if (hold) outcomes.push(outcomeOf(hold));
    else if (code && code.maxRedemptions === Infinity && !refusal(code, at)) outcomes.push({ kind: 'applied', percent: code.percent });
    else return undefined;
  }
  return outcomes;
};

/** Any case, one redemption after the other; everything it reads is locked until it commits. */
export const redeemInTurn = async (session: Session, batch: readonly DiscountRedemption[]): Promise<DiscountOutcome[]> => {
  const holders = holdersOf(batch);
  await session.rows(ENTER, [holders, UNDECIDED]);
  const known = await holdsOf(session, LOCK_HOLDS, holders);
  const defined = await codesOf(session, LOCK_CODES, batch);
  const decided = new Map<string, Hold>();
  const counted = new Map<string, number>();
  const outcomes = batch.map(({ holder, code: name, at }): DiscountOutcome => {
    const hold = decided.get(holder) ?? known.get(holder);
    if (hold && hold.state !== UNDECIDED) return outcomeOf(hold);
    const code = defined.get(name);
    const reason = refusal(code, at);
    if (reason !== undefined || !code) {
      const rejected = { state: REJECTED, code: name, answer: reason ?? 'unknown' };
      decided.set(holder, rejected);
      return outcomeOf(rejected);
    }
    const applied = { state: HELD, code: name, answer: code.percent };
    if (code.maxRedemptions !== Infinity) {
      code.redeemed += 1;
      counted.set(name, (counted.get(name) ?? 0) + 1);
      decided.set(holder, applied);
    }
    return outcomeOf(applied);
  });
  await decide(session, decided);
  await session.rows(UNDECIDED_LEAVE, [holders]);
  await count(session, counted);
  return outcomes;
};

export const releaseRedemptions = async (session: Session, holders: readonly string[]): Promise<void> => {
  const each = [...new Set(holders)];
  await session.rows(ENTER, [each, RELEASED]); // a tombstone where there was none
  const applied = [...(await holdsOf(session, LOCK_HOLDS, each))].filter(([, { state }]) => state === HELD);
  const counted = new Map<string, number>();
  for (const [, { code }] of applied) counted.set(code, (counted.get(code) ?? 0) - 1);
  await decide(session, new Map(applied.map(([holder, hold]) => [holder, { ...hold, state: RELEASED }])));
  await session.rows(LOCK_CODES, [[...counted.keys()]]);
  await count(session, counted);
};

const holdersOf = (batch: readonly DiscountRedemption[]): string[] => [...new Set(batch.map(({ holder }) => holder))];

const holdsOf = async (session: Session, statement: Statement, holders: readonly string[]): Promise<Map<string, Hold>> => {
  const rows = await session.rows<[string, number, string, string]>(statement, [holders]);
  return new Map(rows.map(([holder, state, code, answer]) => [holder, { state, code, answer }]));
};

const codesOf = async (session: Session, statement: Statement, batch: readonly DiscountRedemption[]): Promise<Map<string, Code>> => {
  const names = [...new Set(batch.map(({ code }) => code))];
  const rows = await session.rows<[string, string, string | null, string | null, string | null, string]>(statement, [names]);
  return new Map(
    rows.map(([name, percent, validFrom, validTo, maxRedemptions, redeemed]) => [
      name,
      {
        percent,
        validFromMs: validFrom === null ? -Infinity : Date.parse(validFrom),
        validToMs: validTo === null ? Infinity : Date.parse(validTo),
        maxRedemptions: maxRedemptions === null ? Infinity : Number(maxRedemptions),
        redeemed: Number(redeemed),
      },
    ]),
  );
};

const decide = async (session: Session, decided: ReadonlyMap<string, Hold>): Promise<void> => {
  if (decided.size === 0) return;
  const each = [...decided.values()];
  const values = [each.map(({ state }) => state), each.map(({ code }) => code), each.map(({ answer }) => answer)];
  await session.rows(DECIDE, [[...decided.keys()], ...values]);
};

const count = async (session: Session, counted: ReadonlyMap<string, number>): Promise<void> => {
  if (counted.size > 0) await session.rows(COUNT, [[...counted.keys()], [...counted.values()]]);
};
