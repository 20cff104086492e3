import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DiscountDefinition, DiscountHolds, DiscountOutcome } from './discounts.ts';

export interface DiscountHarness extends AsyncDisposable {
  readonly discounts: DiscountHolds;
  /** Closes it and opens it again on the same data. */
  reopen(): Promise<DiscountHolds>;
}

const NOON = '2026-11-20T12:00:00.000Z';
const code = (name: string, more: Partial<DiscountDefinition> = {}): DiscountDefinition => ({
  code: name,
  percent: '10',
  revision: 0,
  ...more,
});
const use = (holder: string, name: string, at = NOON) => ({ holder, code: name, at });
const APPLIED: DiscountOutcome = { kind: 'applied', percent: '10' };
const USED_UP: DiscountOutcome = { kind: 'rejected', reason: 'used-up' };

const redeemedOf = async (discounts: DiscountHolds, name: string) => (await discounts.balances({ codes: [name] }))[0]?.redeemed;

/** Everything `discounts.ts` promises. */
export const discountsContract = (adapter: string, open: () => Promise<DiscountHarness>) =>
  describe(`DiscountHolds contract: ${adapter}`, () => {
    it('applies a known code and rejects an unknown one', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('TEN'), code('THIRD', { percent: '33.3333' })]);
      assert.deepEqual(await discounts.redeem([use('o-1', 'THIRD'), use('o-2', 'ten')]), [
        { kind: 'applied', percent: '33.3333' },
        { kind: 'rejected', reason: 'unknown' },
      ]);
    });

    it('takes a definition from before the first one of the log, as who folds it anew begins with', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('FEW', { maxRedemptions: 9, revision: -1 })]);
      await discounts.redeem([use('o-1', 'FEW')]);
      await discounts.define([code('FEW', { maxRedemptions: 1 })]);
      assert.deepEqual(await discounts.balances({}), [{ code: 'FEW', percent: '10', maxRedemptions: 1, revision: 0, redeemed: 1 }]);
    });

    it('judges validity at the time the order came in: from inclusive, to exclusive', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('NOV', { validFrom: '2026-11-01T00:00:00Z', validTo: '2026-12-01T00:00:00Z' })]);
      const outcomes = await discounts.redeem([
        use('o-1', 'NOV', '2026-10-31T23:59:59.999Z'),
        use('o-2', 'NOV', '2026-11-01T00:00:00.000Z'),
        use('o-3', 'NOV', '2026-11-30T23:59:59.999Z'),
        use('o-4', 'NOV', '2026-12-01T00:00:00.000Z'),
      ]);
      assert.deepEqual(outcomes, [
        { kind: 'rejected', reason: 'not-yet-valid' },
        APPLIED,
        APPLIED,
        { kind: 'rejected', reason: 'expired' },
      ]);
    });

    it('never lets a code be used more often than allowed, even at once', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('FEW', { maxRedemptions: 5 })]);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, number) => discounts.redeem([use(`o-${number}`, 'FEW'), use(`p-${number}`, 'FEW')])),
      );
      assert.equal(outcomes.flat().filter(({ kind }) => kind === 'applied').length, 5);
      assert.equal(await redeemedOf(discounts, 'FEW'), 5);
    });

    it('does not count a code without a limit', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('ANY')]);
      const outcomes = await discounts.redeem(Array.from({ length: 30 }, (_, number) => use(`o-${number}`, 'ANY')));
      assert.deepEqual(
        outcomes,
        outcomes.map(() => APPLIED),
      );
      assert.equal(outcomes.length, 30);
      assert.equal(await redeemedOf(discounts, 'ANY'), 0);
    });

    it('gives a holder its first answer again, also after a restart and a new definition', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('ONE', { maxRedemptions: 1 })]);
      const first = await discounts.redeem([use('o-1', 'ONE'), use('o-2', 'ONE'), use('o-3', 'NONE'), use('o-1', 'ONE')]);
      assert.deepEqual(first, [APPLIED, USED_UP, { kind: 'rejected', reason: 'unknown' }, APPLIED]);
      await discounts.define([code('ONE', { maxRedemptions: 9, percent: '50', revision: 1 }), code('NONE')]);
      const reopened = await harness.reopen();
      assert.deepEqual(await reopened.redeem([use('o-1', 'ONE'), use('o-2', 'ONE'), use('o-3', 'NONE')]), first.slice(0, 3));
      assert.equal(await redeemedOf(reopened, 'ONE'), 1);
    });

    it('gives a released redemption to the next one, once', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('ONE', { maxRedemptions: 1 })]);
      await discounts.redeem([use('o-1', 'ONE')]);
      await discounts.release(['o-1']);
      await discounts.release(['o-1', 'o-1']);
      assert.equal(await redeemedOf(discounts, 'ONE'), 0);
      assert.deepEqual(await discounts.redeem([use('o-2', 'ONE'), use('o-1', 'ONE'), use('o-3', 'ONE')]), [
        APPLIED,
        { kind: 'released' },
        USED_UP,
      ]);
    });

    it('leaves a tombstone when released first, with or without a limit', async () => {
      await using harness = await open();
      await harness.discounts.define([code('ONE', { maxRedemptions: 1 }), code('ANY')]);
      await harness.discounts.release(['o-1', 'o-2']);
      const discounts = await harness.reopen();
      assert.deepEqual(await discounts.redeem([use('o-1', 'ONE'), use('o-2', 'ANY')]), [{ kind: 'released' }, { kind: 'released' }]);
      assert.equal(await redeemedOf(discounts, 'ONE'), 0);
    });

    it('leaves a rejected holder rejected when it is released', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('ZERO', { maxRedemptions: 0 })]);
      await discounts.redeem([use('o-1', 'ZERO')]);
      await discounts.release(['o-1']);
      assert.deepEqual(await discounts.redeem([use('o-1', 'ZERO')]), [USED_UP]);
      assert.equal(await redeemedOf(discounts, 'ZERO'), 0);
    });

    it('replaces a definition by one of a higher revision alone, keeping what was redeemed', async () => {
      await using harness = await open();
      const { discounts } = harness;
      const newer = code('FEW', { maxRedemptions: 1, percent: '20', validTo: '2027-01-01T00:00:00Z', revision: 2 });
      await discounts.define([code('FEW', { maxRedemptions: 3, revision: 1 })]);
      await discounts.redeem([use('o-1', 'FEW'), use('o-2', 'FEW')]);
      await discounts.define([newer]);
      await discounts.define([code('FEW', { maxRedemptions: 100, revision: 1 }), code('FEW', { maxRedemptions: 100, revision: 2 })]);
      assert.deepEqual(await discounts.balances({}), [{ ...newer, redeemed: 2 }]);
      assert.deepEqual(await discounts.redeem([use('o-3', 'FEW')]), [USED_UP]);
    });

    it('lists codes in order, in pages, or those asked for', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define(['C', 'A', 'B', 'D'].map((name) => code(name)));
      const codes = async (query: Parameters<DiscountHolds['balances']>[0]) =>
        (await discounts.balances(query)).map((balance) => balance.code);
      assert.deepEqual(await codes({}), ['A', 'B', 'C', 'D']);
      assert.deepEqual(await codes({ afterCode: 'A', limit: 2 }), ['B', 'C']);
      assert.deepEqual(await codes({ codes: ['D', 'X', 'A'] }), ['A', 'D']);
    });

    it('forgets everything when cleared', async () => {
      await using harness = await open();
      const { discounts } = harness;
      await discounts.define([code('ONE', { maxRedemptions: 1, revision: 7 })]);
      await discounts.redeem([use('o-1', 'ONE')]);
      await discounts.clear();
      assert.deepEqual(await discounts.balances({}), []);
      await discounts.define([code('ONE', { maxRedemptions: 1 })]);
      assert.deepEqual(await discounts.redeem([use('o-1', 'ONE')]), [APPLIED]);
      assert.equal(await redeemedOf(discounts, 'ONE'), 1);
    });

    it('counts as the simple model does, whatever is redeemed and released, in any grouping', async () => {
      await using harness = await open();
      const { discounts } = harness;
      const holder = fc.integer({ min: 1, max: 8 }).map((number) => `o-${number}`);
      const step = fc.record({ holders: fc.array(holder, { minLength: 1, maxLength: 4 }), redeem: fc.boolean() });
      await fc.assert(
        fc
          .asyncProperty(fc.array(step, { minLength: 3, maxLength: 15 }), async (steps) => {
            const answers = new Map<string, DiscountOutcome>();
            const redeemed = () => [...answers.values()].filter(({ kind }) => kind === 'applied').length;
            const answer = (asked: string): DiscountOutcome => {
              const outcome = answers.get(asked) ?? (redeemed() < 3 ? APPLIED : USED_UP);
              answers.set(asked, outcome);
              return outcome;
            };
            await discounts.define([code('THREE', { maxRedemptions: 3 })]);
            await Promise.all(
              steps.map(async ({ holders, redeem }) => {
                if (redeem) {
                  const expected = holders.map(answer);
                  assert.deepEqual(await discounts.redeem(holders.map((asked) => use(asked, 'THREE'))), expected);
                } else {
                  for (const released of holders)
                    if (answers.get(released)?.kind !== 'rejected') answers.set(released, { kind: 'released' });
                  await discounts.release(holders);
                }
              }),
            );
            assert.equal(await redeemedOf(discounts, 'THREE'), redeemed());
          })
          .afterEach(() => discounts.clear()),
        { numRuns: 40 },
      );
    });
  });
