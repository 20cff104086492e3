import assert from 'node:assert/strict';
import { chainHash, chainStart } from '@sagahub/contracts/event-codec.ts';
import { type EventStore, LOG_START, type RawEvent } from '@sagahub/contracts/ports/event-store.ts';

/** Reads the whole log as an auditor would: dense positions, dense revisions, unbroken chains. Returns the rows and the last revision of each stream. */
export const verifiedLog = async (store: EventStore): Promise<{ rows: RawEvent[]; revisions: Map<string, number> }> => {
  const rows: RawEvent[] = [];
  for (let after = LOG_START; ; ) {
    const page = await store.readRaw({ after, limit: 2_000 });
    rows.push(...page);
    if (page.length < 2_000) break;
    after = page.at(-1)?.position ?? after;
  }
  const chains = new Map<string, string>();
  const revisions = new Map<string, number>();
  for (const [index, { position, stream, revision, bytes, hash }] of rows.entries()) {
    assert.equal(position, BigInt(index + 1), 'positions have no gap');
    assert.equal(revision, (revisions.get(stream) ?? -1) + 1, `revisions of ${stream} are in order`);
    assert.equal(hash, chainHash(chains.get(stream) ?? chainStart(stream), bytes), `the chain of ${stream} is unbroken`);
    chains.set(stream, hash);
    revisions.set(stream, revision);
  }
  return { rows, revisions };
};
