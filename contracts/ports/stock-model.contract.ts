import assert from 'node:assert/strict';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import type { OpenStock } from './stock.contract.ts';
import type { StockItem, StockOutcome, StockReservation } from './stock.ts';

/** Stock as one would first write it: no disk, no batches, no concurrency. */
class StockModel {
  readonly #skus = new Map<string, { free: Decimal; held: Decimal; loaded: Decimal; revision: number }>();
  readonly #answers = new Map<string, StockOutcome>();
  readonly #held = new Map<string, readonly StockItem[]>();

  reserve({ holder, items }: StockReservation): StockOutcome {
    const answer = this.#answers.get(holder);
    if (answer) return answer;
    const tracked = items.filter(({ sku }) => this.#skus.has(sku));
    const shortages = tracked
      .map(({ sku, quantity }) => ({ sku, requested: quantity, free: this.#sku(sku).free }))
      .filter(({ requested, free }) => free.lessThan(requested))
      .map(({ sku, requested, free }) => ({ sku, requested, available: free.toFixed() }));
    const outcome: StockOutcome = shortages.length > 0 ? { kind: 'rejected', shortages } : { kind: 'reserved' };
    this.#answers.set(holder, outcome);
    this.#held.set(holder, shortages.length > 0 ? [] : tracked);
    for (const { sku, quantity } of this.#held.get(holder) ?? []) this.#move(sku, new Decimal(quantity));
    return outcome;
  }

  release(holder: string): void {
    if (this.#answers.get(holder)?.kind === 'rejected') return;
    for (const { sku, quantity } of this.#held.get(holder) ?? []) this.#move(sku, new Decimal(quantity).negated());
    this.#answers.set(holder, { kind: 'released' });
    this.#held.set(holder, []);
  }

  setLevel(sku: string, available: string, revision: number): string {
    const balance = this.#skus.get(sku) ?? { free: new Decimal(0), held: new Decimal(0), loaded: new Decimal(0), revision };
    const change = new Decimal(available).minus(balance.free);
    this.#skus.set(sku, { ...balance, free: new Decimal(available), loaded: balance.loaded.plus(change), revision });
    return change.toFixed();
  }

  balances() {
    return [...this.#skus.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([sku, { free, held, loaded, revision }]) => ({
        sku,
        free: free.toFixed(),
        held: held.toFixed(),
        loaded: loaded.toFixed(),
        revision,
      }));
  }

  #sku(sku: string) {
    const balance = this.#skus.get(sku);
    assert.ok(balance);
    return balance;
  }

  #move(sku: string, quantity: Decimal): void {
    const balance = this.#sku(sku);
    this.#skus.set(sku, { ...balance, free: balance.free.minus(quantity), held: balance.held.plus(quantity) });
  }
}

const amount = fc
  .tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom('', '.5', '.25', '.000001', '.999999'))
  .map(([whole, fraction]) => `${whole}${fraction}`);
const sku = fc.constantFrom('A', 'B', 'C');
const holder = fc.integer({ min: 1, max: 12 }).map((number) => `o-${number}`);
const command = fc.oneof(
  fc.record({
    kind: fc.constant('reserve' as const),
    batch: fc.array(
      fc.record({
        holder,
        items: fc.uniqueArray(fc.record({ sku, quantity: amount }), { selector: (item) => item.sku, minLength: 1 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  fc.record({ kind: fc.constant('release' as const), holders: fc.array(holder, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('level' as const), sku, available: amount }),
);

export const stockModelContract = (open: OpenStock) => {
  it('behaves as the simple model does, whatever is asked, in any grouping', async () => {
    await using harness = await open();
    const { stock } = harness;
    await fc.assert(
      fc
        .asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (commands) => {
          const model = new StockModel();
          let revision = 0;
          // All calls are made at once: they take effect in the order of the calls.
          const checks = commands.map(async (asked) => {
            if (asked.kind === 'reserve') {
              const expected = asked.batch.map((reservation) => model.reserve(reservation));
              assert.deepEqual(await stock.reserve(asked.batch), expected);
            } else if (asked.kind === 'release') {
              for (const released of asked.holders) model.release(released);
              await stock.release(asked.holders);
            } else {
              revision += 1;
              const change = model.setLevel(asked.sku, asked.available, revision);
              assert.deepEqual(await stock.setLevels([{ sku: asked.sku, available: asked.available, revision }]), [{ change }]);
            }
          });
          await Promise.all(checks);
          const balances = await stock.balances({});
          assert.deepEqual(balances, model.balances());
          for (const { free, held, loaded } of balances) {
            assert.ok(new Decimal(free).plus(held).equals(loaded), 'the changes by loads are what is free and held');
            assert.ok(new Decimal(free).greaterThanOrEqualTo(0), 'never oversold');
          }
        })
        .afterEach(() => stock.clear()),
      { numRuns: 60 },
    );
  });
};
