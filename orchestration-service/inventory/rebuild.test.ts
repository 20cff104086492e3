import assert from 'node:assert/strict';
import { compareHolds } from './compare.ts';
import { defineDiscounts } from './discount-definitions.ts';
import { rebuildHolds } from './rebuild.ts';
import { loadLevels } from './stock-levels.ts';
import { ACT, inventorySite, type InventorySite } from './testing/site.ts';

const tables = async ({ ports }: InventorySite) => ({
  stock: await ports.stock.balances({}),
  discounts: await ports.discounts.balances({}),
});
const of = (sku: string, quantity: string) => ({ sku, quantity });

/** Loads and orders in every order that matters. */
const lived = async (): Promise<InventorySite> => {
  const site = await inventorySite();
  const { ports } = site;
  await site.takes('early', [of('A', '9'), of('LATER', '2')]);
  await loadLevels(
    ports,
    [
      { sku: 'A', available: '100' },
      { sku: 'B', available: '10.5' },
    ],
    ACT,
  );
  await defineDiscounts(
    ports,
    [
      { code: 'TEN', percent: '10', maxRedemptions: 3 },
      { code: 'FREE', percent: '5' },
    ],
    ACT,
  );
  await site.takes('o1', [of('A', '4'), of('B', '0.25')], 'TEN');
  await site.takes('o2', [of('A', '1'), of('UNTRACKED', '5')], 'FREE');
  await site.takes('o3', [of('A', '2')], 'TEN');
  await site.givesBack('o3', [of('A', '2')], 'TEN');
  await loadLevels(
    ports,
    [
      { sku: 'A', available: '6' },
      { sku: 'LATER', available: '8' },
    ],
    ACT,
  );
  await site.takes('o4', [of('A', '6'), of('LATER', '3')], 'TEN');
  // The code allows less by now than was redeemed, and is over.
  await defineDiscounts(ports, [{ code: 'TEN', percent: '20', maxRedemptions: 1, validTo: '2020-01-01T00:00:00Z' }], ACT);
  return site;
};

describe('rebuilding stock and discounts from the log', () => {
  it('makes the tables what they were: loads less what orders hold', async () => {
    await using site = await lived();
    const before = await tables(site);
    assert.deepEqual((await compareHolds(site.ports)).differences, []);
    assert.deepEqual(before.stock, [
      { sku: 'A', free: '0', held: '11', loaded: '11', revision: 2 },
      { sku: 'B', free: '10.25', held: '0.25', loaded: '10.5', revision: 0 },
      { sku: 'LATER', free: '5', held: '3', loaded: '8', revision: 0 },
    ]);
    await rebuildHolds(site.ports);
    assert.deepEqual(await tables(site), before);
    assert.deepEqual((await compareHolds(site.ports)).differences, []);
  });

  it('leaves every order its hold, to be given back later', async () => {
    await using site = await lived();
    await rebuildHolds(site.ports);
    assert.deepEqual(await site.ports.stock.held('o4'), [of('A', '6'), of('LATER', '3')]);
    assert.deepEqual(await site.ports.stock.held('early'), []);
    await site.givesBack('o4', [of('A', '6'), of('LATER', '3')], 'TEN');
    await loadLevels(site.ports, [{ sku: 'A', available: '1' }], ACT);
    assert.deepEqual((await compareHolds(site.ports)).differences, []);
  });

  it('mends what was lost or damaged, and the comparison names it', async () => {
    await using site = await lived();
    const before = await tables(site);
    await site.ports.stock.release(['o1']);
    await site.ports.discounts.release(['o1']);
    await site.ports.stock.setLevels([{ sku: 'GHOST', available: '1', revision: 0 }]);
    const { differences } = await compareHolds(site.ports);
    assert.deepEqual(
      differences.map(({ name, field, expected, actual }) => [name, field, expected, actual]),
      [
        ['A', 'held', '11', '7'],
        ['A', 'free', '0', '4'],
        ['B', 'held', '0.25', '0'],
        ['B', 'free', '10.25', '10.5'],
        ['GHOST', 'loaded', undefined, '1'],
        ['GHOST', 'held', undefined, '0'],
        ['GHOST', 'free', undefined, '1'],
        ['TEN', 'redeemed', '2', '1'],
      ],
    );
    await rebuildHolds(site.ports);
    assert.deepEqual(await tables(site), before);
  });

  it('names what the tables lack altogether', async () => {
    await using site = await lived();
    await site.ports.stock.clear();
    await site.ports.discounts.clear();
    assert.deepEqual(
      (await compareHolds(site.ports)).differences.map(({ name, actual }) => [name, actual]),
      [
        ['A', undefined],
        ['B', undefined],
        ['LATER', undefined],
        ['TEN', undefined],
        ['FREE', undefined],
      ],
    );
  });
});
