import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sumOf } from '../money.ts';
import { stockModelContract } from './stock-model.contract.ts';
import type { StockHolds, StockItem } from './stock.ts';

export interface StockHarness extends AsyncDisposable {
  readonly stock: StockHolds;
  /** Closes it and opens it again on the same data. */
  reopen(): Promise<StockHolds>;
}
/** Opens stock that knows nothing yet. */
export type OpenStock = (options?: { readonly strict?: boolean }) => Promise<StockHarness>;

const level = (sku: string, available: string, revision = 0) => ({ sku, available, revision });
const order = (holder: string, ...items: (readonly [sku: string, quantity: string])[]) => ({
  holder,
  items: items.map(([sku, quantity]): StockItem => ({ sku, quantity })),
});
const balanceOf = async (stock: StockHolds, sku: string) => {
  const [balance] = await stock.balances({ skus: [sku] });
  return balance && { free: balance.free, held: balance.held, loaded: balance.loaded };
};

/** Everything `stock.ts` promises. */
export const stockContract = (adapter: string, open: OpenStock) =>
  describe(`StockHolds contract: ${adapter}`, () => {
    describe('reserving', () => reserveContract(open));
    describe('releasing', () => releaseContract(open));
    describe('levels', () => levelContract(open));
    describe('model', () => stockModelContract(open));
  });

const reserveContract = (open: OpenStock) => {
  it('holds what is free, and says what is not', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '10'), level('B', '2.5')]);
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '4'], ['B', '2.5'])]), [{ kind: 'reserved' }]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '6', held: '4', loaded: '10' });
    assert.deepEqual(await balanceOf(stock, 'B'), { free: '0', held: '2.5', loaded: '2.5' });
    assert.deepEqual(await stock.reserve([order('o-2', ['A', '6.000001'], ['B', '0.000001'])]), [
      {
        kind: 'rejected',
        shortages: [
          { sku: 'A', requested: '6.000001', available: '6' },
          { sku: 'B', requested: '0.000001', available: '0' },
        ],
      },
    ]);
  });

  it('takes all items of an order or none', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '10'), level('B', '1'), level('C', '10')]);
    const [outcome] = await stock.reserve([order('o-1', ['A', '4'], ['B', '2'], ['C', '4'])]);
    assert.deepEqual(outcome, { kind: 'rejected', shortages: [{ sku: 'B', requested: '2', available: '1' }] });
    for (const sku of ['A', 'C']) assert.deepEqual(await balanceOf(stock, sku), { free: '10', held: '0', loaded: '10' });
    assert.deepEqual(await stock.held('o-1'), []);
  });

  it('answers a batch in the order asked, each order by what those before it left', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '5')]);
    const outcomes = await stock.reserve([
      order('o-1', ['A', '3']),
      order('o-2', ['A', '3']),
      order('o-3', ['A', '2']),
      order('o-4', ['A', '1']),
    ]);
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['reserved', 'rejected', 'reserved', 'rejected'],
    );
  });

  it('gives a holder its first answer again, whatever it asks later and after a restart', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '5')]);
    const first = await stock.reserve([order('o-1', ['A', '3']), order('o-2', ['A', '4']), order('o-1', ['A', '3'])]);
    assert.deepEqual(first[0], first[2]);
    await stock.setLevels([level('A', '100', 1)]);
    const reopened = await harness.reopen();
    assert.deepEqual(await reopened.reserve([order('o-1', ['A', '1']), order('o-2', ['A', '4'])]), first.slice(0, 2));
    assert.deepEqual(await balanceOf(reopened, 'A'), { free: '100', held: '3', loaded: '103' });
    assert.deepEqual(await reopened.held('o-1'), [{ sku: 'A', quantity: '3' }]);
    assert.equal(await reopened.held('o-3'), undefined);
  });

  it('accepts an unknown SKU without counting it', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '5')]);
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '1'], ['unknown', '7'])]), [{ kind: 'reserved' }]);
    assert.equal(await balanceOf(stock, 'unknown'), undefined);
    assert.deepEqual(await stock.held('o-1'), [{ sku: 'A', quantity: '1' }]);
    await stock.setLevels([level('unknown', '2')]);
    await stock.release(['o-1']);
    assert.deepEqual(await balanceOf(stock, 'unknown'), { free: '2', held: '0', loaded: '2' });
  });

  it('refuses an unknown SKU when inventory is strict', async () => {
    await using harness = await open({ strict: true });
    const { stock } = harness;
    await stock.setLevels([level('A', '5')]);
    const rejected = { kind: 'rejected', shortages: [{ sku: 'unknown', requested: '7' }] };
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '1'], ['unknown', '7'])]), [rejected]);
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '1'], ['unknown', '7'])]), [rejected]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '5', held: '0', loaded: '5' });
  });

  it('never oversells to orders that come at once', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '10'), level('B', '15')]);
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, number) =>
        stock.reserve([order(`o-${number}`, ['A', '1'], ...(number % 2 ? [['B', '2'] as const] : []))]),
      ),
    );
    const reserved = outcomes.flat().filter(({ kind }) => kind === 'reserved');
    assert.equal(reserved.length, 10);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '0', held: '10', loaded: '10' });
  });

  it('lets concurrent repetitions of one order take its stock once', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '10')]);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => stock.reserve([order('o-1', ['A', '3'])])));
    assert.deepEqual(
      outcomes.flat().map(({ kind }) => kind),
      Array(8).fill('reserved'),
    );
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '7', held: '3', loaded: '10' });
  });
};

const releaseContract = (open: OpenStock) => {
  it('gives back exactly what is held, once', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '5'), level('B', '5')]);
    await stock.reserve([order('o-1', ['A', '3'], ['B', '0.5']), order('o-2', ['A', '1'])]);
    await stock.release(['o-1']);
    await Promise.all([stock.release(['o-1']), stock.release(['o-1', 'o-1'])]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '4', held: '1', loaded: '5' });
    assert.deepEqual(await balanceOf(stock, 'B'), { free: '5', held: '0', loaded: '5' });
    assert.deepEqual(await stock.held('o-1'), []);
  });

  it('leaves a tombstone when it comes before the reservation: a late one takes nothing', async () => {
    await using harness = await open();
    await harness.stock.setLevels([level('A', '5')]);
    await harness.stock.release(['o-1']);
    const stock = await harness.reopen();
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '1'])]), [{ kind: 'released' }]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '5', held: '0', loaded: '5' });
    assert.deepEqual(await stock.held('o-1'), []);
  });

  it('tells a holder whose hold was released so, and leaves a rejected one rejected', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '5')]);
    const [, rejected] = await stock.reserve([order('o-1', ['A', '1']), order('o-2', ['A', '9'])]);
    await stock.release(['o-1', 'o-2']);
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '1']), order('o-2', ['A', '1'])]), [{ kind: 'released' }, rejected]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '5', held: '0', loaded: '5' });
  });
};

const levelContract = (open: OpenStock) => {
  it('sets what is free, keeps what is held, and tells the change of both together', async () => {
    await using harness = await open();
    const { stock } = harness;
    assert.deepEqual(await stock.setLevels([level('A', '10'), level('B', '0')]), [{ change: '10' }, { change: '0' }]);
    await stock.reserve([order('o-1', ['A', '4'])]);
    assert.deepEqual(await stock.setLevels([level('A', '1.5', 1)]), [{ change: '-4.5' }]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '1.5', held: '4', loaded: '5.5' });
    await stock.release(['o-1']);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '5.5', held: '0', loaded: '5.5' });
  });

  it('applies each revision once and in order, answering a repeated one as the first time', async () => {
    await using harness = await open();
    await harness.stock.setLevels([level('A', '10', 0), level('A', '30', 2)]);
    const stock = await harness.reopen();
    assert.deepEqual(await stock.setLevels([level('A', '10', 0), level('A', '30', 2)]), [{ change: '10' }, { change: '20' }]);
    assert.deepEqual(await stock.setLevels([level('A', '99', 1)]), [{ change: '0' }], 'overtaken by a later one');
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '30', held: '0', loaded: '30' });
    const [balance] = await stock.balances({ skus: ['A'] });
    assert.equal(balance?.revision, 2);
  });

  it('lists balances in SKU order, in pages, or those asked for that are tracked', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels(['b', 'a', 'ä', 'B', 'c'].map((sku) => level(sku, '1')));
    const skus = async (query: Parameters<StockHolds['balances']>[0]) => (await stock.balances(query)).map(({ sku }) => sku);
    assert.deepEqual(await skus({}), ['B', 'a', 'b', 'c', 'ä']);
    assert.deepEqual(await skus({ limit: 2 }), ['B', 'a']);
    assert.deepEqual(await skus({ afterSku: 'a', limit: 2 }), ['b', 'c']);
    assert.deepEqual(await skus({ skus: ['c', 'x', 'a'] }), ['a', 'c']);
  });

  it('is exact to 12 integer and 6 fraction digits', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '999999999999.999999')]);
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '999999999999.999998'])]), [{ kind: 'reserved' }]);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '0.000001', held: '999999999999.999998', loaded: '999999999999.999999' });
    const million = '999999999999';
    for (const revision of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
      await stock.setLevels([level('A', million, revision)]);
      assert.deepEqual(await stock.reserve([order(`o-${revision + 1}`, ['A', million])]), [{ kind: 'reserved' }]);
    }
    const held = sumOf([...Array<string>(12).fill(million), '999999999999.999998']);
    assert.deepEqual(await balanceOf(stock, 'A'), { free: '0', held, loaded: held });
  });

  it('refuses amounts that are none', async () => {
    await using harness = await open();
    const { stock } = harness;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('-1', '1e3', 'NaN', '', '1.0000001', '1000000000000', ' 1', '٣'), async (amount) => {
        await assert.rejects(stock.setLevels([level('A', amount)]), RangeError);
        await assert.rejects(stock.reserve([order('o-1', ['A', amount])]), RangeError);
      }),
    );
    assert.equal(await stock.held('o-1'), undefined);
  });

  it('forgets everything when cleared', async () => {
    await using harness = await open();
    const { stock } = harness;
    await stock.setLevels([level('A', '10', 4)]);
    await stock.reserve([order('o-1', ['A', '4'])]);
    await stock.clear();
    assert.deepEqual(await stock.balances({}), []);
    assert.equal(await stock.held('o-1'), undefined);
    assert.deepEqual(await stock.setLevels([level('A', '3', 0)]), [{ change: '3' }]);
    assert.deepEqual(await stock.reserve([order('o-1', ['A', '4'])]), [
      { kind: 'rejected', shortages: [{ sku: 'A', requested: '4', available: '3' }] },
    ]);
  });
};
