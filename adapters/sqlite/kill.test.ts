import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chainHash, chainStart } from '@sagahub/contracts/event-codec.ts';
import { LOG_START, type RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { openSqliteEventStore } from './event-store.ts';
import { openSqliteStock } from './stock.ts';
import { openOnLog } from './testing/log-harness.ts';

type Acknowledged = { readonly stream: string; readonly revision: number } | { readonly reserved: string };

/** Runs the child until it has acknowledged `count` things, kills it in the middle of the next, and returns what it had acknowledged. */
const killAfter = async (count: number, path: string, run: string): Promise<Acknowledged[]> => {
  const child = fork(new URL('./testing/append-until-killed.ts', import.meta.url), [path, run], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const acknowledged: Acknowledged[] = [];
  child.on('message', (message) => {
    acknowledged.push(message as Acknowledged);
    if (acknowledged.length === count) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  return acknowledged;
};

/** Reads the whole log as an auditor would; returns the last revision of each stream. */
const verified = (rows: readonly RawEvent[]): Map<string, number> => {
  const chains = new Map<string, string>();
  const revisions = new Map<string, number>();
  for (const [index, { position, stream, revision, bytes, hash }] of rows.entries()) {
    assert.equal(position, BigInt(index + 1), 'positions have no gap');
    assert.equal(revision, (revisions.get(stream) ?? -1) + 1, 'revisions have no gap');
    assert.equal(hash, chainHash(chains.get(stream) ?? chainStart(stream), bytes), 'the chain is unbroken');
    chains.set(stream, hash);
    revisions.set(stream, revision);
  }
  return revisions;
};

describe('log database, killed', () => {
  it('loses nothing that was acknowledged, and is whole', async function () {
    const seed = Math.floor(Math.random() * 1_000);
    await using harness = await openOnLog((log, clock) => openSqliteEventStore(log, { clock }));
    await openSqliteStock(harness.log).setLevels([{ sku: 'A', available: '1000000', revision: 0 }]);
    const acknowledged: Acknowledged[] = [];
    for (const round of [0, 1, 2]) {
      await harness.close();
      acknowledged.push(...(await killAfter(1 + ((seed * (round + 7)) % 1_500), harness.path, `r${round}`)));
      const { port: store, log } = await harness.open();
      const revisions = verified(await store.readRaw({ after: LOG_START, limit: 1_000_000 }));
      const stock = openSqliteStock(log);
      let holders = 0;
      for (const fact of acknowledged) {
        if ('stream' in fact)
          assert.ok((revisions.get(fact.stream) ?? -1) >= fact.revision, `${fact.stream} lost revision ${fact.revision} (seed ${seed})`);
        else {
          holders += 1;
          assert.deepEqual(await stock.held(fact.reserved), [{ sku: 'A', quantity: '1' }], `${fact.reserved} lost its hold (seed ${seed})`);
        }
      }
      const [balance] = await stock.balances({});
      assert.ok(Number(balance?.held) >= holders);
      assert.equal(Number(balance?.free) + Number(balance?.held), 1_000_000);
    }
  });
});
