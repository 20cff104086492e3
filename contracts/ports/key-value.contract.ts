import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClosedError } from '../errors.ts';
import type { KeyValue } from './key-value.ts';

export interface KeyValueHarness extends AsyncDisposable {
  /** Empty. */
  readonly store: KeyValue;
  /** Lets time pass for the store: moves its clock, or waits. */
  pass(ms: number): Promise<void>;
}

const LONG_MS = 600_000;

export const keyValueContract = (adapter: string, open: () => Promise<KeyValueHarness>) =>
  describe(`KeyValue contract: ${adapter}`, () => {
    it('holds what was set last, and nothing for a key nobody set', async () => {
      await using harness = await open();
      const { store } = harness;
      assert.equal(await store.get('k'), undefined);
      await store.set('k', 'first', LONG_MS);
      await store.set('k', 'Grüße \u{1f4e6}\n', LONG_MS);
      assert.equal(await store.get('k'), 'Grüße \u{1f4e6}\n');
      await store.set('k', '', LONG_MS);
      assert.equal(await store.get('k'), '');
    });

    it('agrees with a map in any sequence of calls', async () => {
      await using harness = await open();
      const { store } = harness;
      let run = 0;
      const call = fc.record({
        op: fc.constantFrom('get', 'set', 'setIfAbsent', 'delete', 'increment'),
        key: fc.constantFrom('a', 'b'),
        value: fc.integer({ min: -9, max: 9 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
          run += 1;
          const model = new Map<string, string>();
          for (const { op, key: name, value } of calls) {
            const key = `${run}:${name}`;
            const before = model.get(key);
            if (op === 'get') assert.equal(await store.get(key), before);
            else if (op === 'set') {
              await store.set(key, String(value), LONG_MS);
              model.set(key, String(value));
            } else if (op === 'setIfAbsent') {
              assert.equal(await store.setIfAbsent(key, String(value), LONG_MS), before === undefined);
              model.set(key, before ?? String(value));
            } else if (op === 'delete') {
              await store.delete(key);
              model.delete(key);
            } else {
              const sum = Number(before ?? 0) + value;
              assert.equal((await store.increment(key, value, LONG_MS)).value, sum);
              model.set(key, String(sum));
            }
          }
          for (const [key, value] of model) assert.equal(await store.get(key), value);
        }),
        { numRuns: 50 },
      );
    });

    it('lets exactly one of eight concurrent callers set an absent key', async () => {
      await using harness = await open();
      const { store } = harness;
      const won = await Promise.all(Array.from({ length: 8 }, (_, caller) => store.setIfAbsent('k', String(caller), LONG_MS)));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(await store.get('k'), String(won.indexOf(true)));
    });

    it('loses no concurrent increment', async () => {
      await using harness = await open();
      const { store } = harness;
      const counts = await Promise.all(Array.from({ length: 100 }, () => store.increment('k', 1, LONG_MS)));
      assert.deepEqual(
        counts.map(({ value }) => value).toSorted((a, b) => a - b),
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
    });

    it('forgets an entry when its time is over, and not before', async () => {
      await using harness = await open();
      const { store } = harness;
      await store.set('short', 'x', 100);
      await store.set('long', 'x', LONG_MS);
      await harness.pass(101);
      assert.equal(await store.get('short'), undefined);
      assert.equal(await store.get('long'), 'x');
      assert.equal(await store.setIfAbsent('short', 'y', LONG_MS), true);
    });

    it('measures the time of an entry that was set again from the second setting', async () => {
      await using harness = await open();
      const { store } = harness;
      await store.set('k', 'x', 100);
      await store.set('k', 'y', LONG_MS);
      await harness.pass(101);
      assert.equal(await store.get('k'), 'y');
    });

    it('keeps the expiry that the first increment set', async () => {
      await using harness = await open();
      const { store } = harness;
      const first = await store.increment('k', 2, 1_000);
      assert.ok(first.expiresInMs > 0 && first.expiresInMs <= 1_000);
      const second = await store.increment('k', 3, LONG_MS);
      assert.equal(second.value, 5);
      assert.ok(second.expiresInMs > 0 && second.expiresInMs <= 1_000);
      await harness.pass(1_001);
      assert.equal((await store.increment('k', 1, LONG_MS)).value, 1);
    });

    it('refuses to be used once closed', async () => {
      await using harness = await open();
      const { store } = harness;
      await store[Symbol.asyncDispose]();
      await assert.rejects(store.get('k'), ClosedError);
      await assert.rejects(store.set('k', 'v', LONG_MS), ClosedError);
    });
  });
