import assert from 'node:assert/strict';
import { keyValueContract } from '@sagahub/contracts/ports/key-value.contract.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import fc from 'fast-check';
import { openInProcessKeyValue } from './key-value.ts';

const harness = async (maxEntries?: number) => {
  const clock = manualClock();
  const store = openInProcessKeyValue({ clock, ...(maxEntries && { maxEntries }) });
  return { store, pass: (ms: number) => clock.advance(ms), [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
};

keyValueContract('in process', () => harness());

describe('in-process key-value store', () => {
  it('drops what expires first when there would be more entries than allowed', async () => {
    await using kv = await harness(3);
    for (const [key, ttlMs] of [
      ['long', 500],
      ['short', 100],
      ['longest', 900],
    ] as const)
      await kv.store.set(key, 'x', ttlMs);
    await kv.store.set('new', 'x', 300);
    const held = await Promise.all(['long', 'short', 'longest', 'new'].map((key) => kv.store.get(key)));
    assert.deepEqual(held, ['x', undefined, 'x', 'x']);
  });

  it('makes room with expired entries before it drops a living one', async () => {
    await using kv = await harness(2);
    await kv.store.set('expired', 'x', 10);
    await kv.store.set('living', 'x', 20);
    await kv.pass(11);
    await kv.store.set('new', 'x', 1_000);
    assert.equal(await kv.store.get('living'), 'x');
  });

  it('never holds more than allowed, and always the entries that last longest', async () => {
    const entry = fc.record({ key: fc.nat(30), ttlMs: fc.integer({ min: 1, max: 1_000_000 }) });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { selector: ({ key }) => key, maxLength: 31 }), async (entries) => {
        await using kv = await harness(8);
        let held: typeof entries = [];
        for (const one of entries) {
          await kv.store.set(String(one.key), 'x', one.ttlMs);
          held = [...held, one].toSorted((a, b) => b.ttlMs - a.ttlMs).slice(0, 8);
          const least = held.at(-1)?.ttlMs ?? 0;
          for (const { key, ttlMs } of held) if (ttlMs > least) assert.equal(await kv.store.get(String(key)), 'x');
        }
        const present = await Promise.all(entries.map(({ key }) => kv.store.get(String(key))));
        assert.equal(present.filter(Boolean).length, Math.min(entries.length, 8));
      }),
    );
  });

  it('loses nothing else when one key is set again and again', async () => {
    await using kv = await harness(2);
    await kv.store.set('kept', 'x', 1_000_000);
    for (let round = 0; round < 5_000; round += 1) await kv.store.set('busy', String(round), 10_000 - round);
    assert.deepEqual([await kv.store.get('kept'), await kv.store.get('busy')], ['x', '4999']);
  });
});
