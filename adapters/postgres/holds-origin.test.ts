import assert from 'node:assert/strict';
import { SupersededError } from '@sagahub/contracts/errors.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { openHoldsOrigin } from './holds-origin.ts';
import { openPostgresDiscounts } from './discounts.ts';
import { openPostgresOpenWork } from './open-work.ts';
import { openPostgresStock } from './stock.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

describe('which log holds are of', () => {
  const opened = () =>
    openOnSchema(server(), ({ database }) =>
      Promise.resolve({
        origin: openHoldsOrigin(database),
        stock: openPostgresStock(database),
        discounts: openPostgresDiscounts(database),
        openWork: openPostgresOpenWork(database),
      }),
    );
  const led = async <Result>(
    { leadership }: Awaited<ReturnType<typeof opened>>,
    work: (term: Term) => Promise<Result>,
  ): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    await using _candidacy = leadership.lead('holds', (term) => work(term).then(resolve, reject));
    return await promise;
  };

  it('is none at first, then the one that was set, until it is forgotten', async () => {
    await using harness = await opened();
    const { origin } = harness.port;
    assert.equal(await origin.isOf('log-1'), false);
    await led(harness, (term) => origin.set('log-1', term));
    assert.deepEqual([await origin.isOf('log-1'), await origin.isOf('log-2')], [true, false]);
    await origin.forget();
    assert.equal(await origin.isOf('log-1'), false);
  });

  it('is none once all that is folded was emptied, open work with it', async () => {
    await using harness = await opened();
    const { origin, stock, discounts, openWork } = harness.port;
    await led(harness, (term) => origin.set('log-1', term));
    await stock.setLevels([{ sku: 'A', available: '5', revision: 0 }]);
    await stock.reserve([{ holder: 'o-1', items: [{ sku: 'A', quantity: '1' }] }]);
    await discounts.define([{ code: 'TEN', percent: '10', maxRedemptions: 1, revision: 0 }]);
    await discounts.redeem([{ holder: 'o-1', code: 'TEN', at: '2026-01-01T00:00:00Z' }]);
    await openWork.apply([], 42n);
    await led(harness, (term) => origin.empty(term));
    assert.equal(await origin.isOf('log-1'), false);
    assert.deepEqual([await stock.balances({}), await stock.held('o-1'), await discounts.balances({})], [[], undefined, []]);
    assert.equal(await openWork.checkpoint(), 0n);
  });

  it('is not changed, nor anything emptied, for a term that is over', async () => {
    await using harness = await opened();
    const { origin, stock } = harness.port;
    await stock.setLevels([{ sku: 'A', available: '5', revision: 0 }]);
    const over = await led(harness, (term) => Promise.resolve(term));
    await led(harness, (term) => origin.set('log-1', term));
    await assert.rejects(origin.empty(over), SupersededError);
    await assert.rejects(origin.set('log-2', over), SupersededError);
    assert.deepEqual([await origin.isOf('log-1'), (await stock.balances({})).length], [true, 1]);
  });
});
