import { stockContract } from '@sagahub/contracts/ports/stock.contract.ts';
import assert from 'node:assert/strict';
import { discountsContract } from '@sagahub/contracts/ports/discounts.contract.ts';
import { openPostgresDiscounts } from './discounts.ts';
import { openPostgresStock } from './stock.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

stockContract('PostgreSQL', async (options) => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresStock(database, options));
  return { ...rest, stock: port, reopen: async () => (await reopen()).port };
});

discountsContract('PostgreSQL', async () => {
  const { port, reopen, ...rest } = await openOnSchema(server(), async ({ database }) => openPostgresDiscounts(database));
  return { ...rest, discounts: port, reopen: async () => (await reopen()).port };
});

describe('holds in PostgreSQL, asked for by several processes', () => {
  const openTwice = async <Port extends object>(open: (of: Parameters<Parameters<typeof openOnSchema<Port>>[1]>[0]) => Promise<Port>) => {
    const first = await openOnSchema(server(), open);
    const second = await openOnSchema(server(), open, { url: first.url, schema: first.schema });
    return {
      ports: [first.port, second.port] as const,
      [Symbol.asyncDispose]: async () => {
        await second[Symbol.asyncDispose]();
        await first[Symbol.asyncDispose]();
      },
    };
  };

  it('never oversells, answers each holder once, and ends no call by a deadlock', async () => {
    await using twice = await openTwice(async ({ database }) => openPostgresStock(database));
    const { ports } = twice;
    const skus = ['A', 'B', 'C', 'D'];
    await ports[0].setLevels(skus.map((sku) => ({ sku, available: '150', revision: 0 })));
    const outcomes = new Map<string, string>();
    const work = Array.from({ length: 400 }, async (_, call) => {
      const port = ports[call % 2] ?? ports[0];
      const holder = `o-${call >> 1}`; // both ask for each, in whatever order
      const items = [0, 1, 2].map((line) => ({ sku: skus[(call + line * (call % 3)) % 4] ?? 'A', quantity: '1' }));
      const unique = items.filter(({ sku }, index) => items.findIndex((item) => item.sku === sku) === index);
      const [outcome] = await port.reserve([{ holder, items: unique }]);
      if (call % 5 === 0) await port.release([holder]);
      else outcomes.set(`${holder} ${call % 2}`, outcome?.kind ?? '');
    });
    await Promise.all(work);
    const held = new Map(skus.map((sku) => [sku, 0]));
    for (let number = 0; number < 200; number += 1)
      for (const { sku, quantity } of (await ports[1].held(`o-${number}`)) ?? []) held.set(sku, (held.get(sku) ?? 0) + Number(quantity));
    for (const { sku, free, held: counted, loaded } of await ports[0].balances({})) {
      assert.equal(Number(counted), held.get(sku), `what is held of ${sku} is what its holders hold`);
      assert.ok(Number(free) >= 0 && Number(free) + Number(counted) === Number(loaded));
    }
  });

  it('sees at once that another process has begun to track a SKU', async () => {
    await using twice = await openTwice(async ({ database }) => openPostgresStock(database));
    const [first, second] = twice.ports;
    const order = (holder: string) => ({ holder, items: [{ sku: 'A', quantity: '3' }] });
    assert.deepEqual(await first.reserve([order('o-1')]), [{ kind: 'reserved' }]);
    assert.deepEqual(await first.held('o-1'), []);
    await second.setLevels([{ sku: 'A', available: '4', revision: 0 }]);
    assert.deepEqual(await first.reserve([order('o-2'), order('o-3')]), [
      { kind: 'reserved' },
      { kind: 'rejected', shortages: [{ sku: 'A', requested: '3', available: '1' }] },
    ]);
    assert.deepEqual(await first.held('o-2'), [{ sku: 'A', quantity: '3' }]);
  });

  it('lets a code be used no more often than allowed', async () => {
    await using twice = await openTwice(async ({ database }) => openPostgresDiscounts(database));
    const { ports } = twice;
    await ports[0].define([{ code: 'FEW', percent: '10', maxRedemptions: 7, revision: 0 }]);
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, call) =>
        (call % 2 === 0 ? ports[0] : ports[1]).redeem([{ holder: `o-${call}`, code: 'FEW', at: '2026-11-20T12:00:00.000Z' }]),
      ),
    );
    assert.equal(outcomes.filter((outcome) => outcome[0]?.kind === 'applied').length, 7);
    assert.equal((await ports[1].balances({}))[0]?.redeemed, 7);
  });
});
