import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClosedError, SupersededError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { generationContract } from './document-store-generations.contract.ts';
import { type DocumentStoreHarness, LETTERS, ORDERS, openDocuments, put } from './document-store-harness.contract.ts';
import type { Term } from './leadership.ts';
import { queryContract } from './document-store-queries.contract.ts';
import type { DocumentPut } from './document-store.ts';

export const documentStoreContract = (adapter: string, open: () => Promise<DocumentStoreHarness>) =>
  describe(`DocumentStore contract: ${adapter}`, () => {
    describe('documents', () => documentContract(open));
    describe('queries', () => queryContract(open));
    describe('generations', () => generationContract(open));
    describe('terms', () => termContract(open));
  });

/** As JSON has it: no -0, no half of a surrogate pair. */
const wellFormed = (body: object): JsonObject => JSON.parse(JSON.stringify(body).toWellFormed()) as JsonObject;

const documentContract = (open: () => Promise<DocumentStoreHarness>) => {
  it('gives back any document as it was put', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const key = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'Z', '0', '_', ' ', 'ü', '€') });
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const body = fc.dictionary(key, fc.oneof(value, fc.array(value), fc.dictionary(key, value)));
    let revision = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 20 }), async (drawn) => {
        revision += 1;
        const puts = drawn.map((one, index) => put(`${index}`, revision, wellFormed(one)));
        await store.write('p', puts, 1n);
        for (const one of puts) assert.deepEqual(await store.get(ORDERS, one.id), { id: one.id, revision, body: one.body });
      }),
      { numRuns: 10 },
    );
  });

  it('has no document and no progress before anything was written', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    assert.equal(await store.get(ORDERS, 'one'), undefined);
    assert.deepEqual(await store.find(ORDERS, { limit: 10 }), []);
    assert.equal(await store.checkpoint('p'), 0n);
  });

  it('keeps the highest revision of each document, in whatever order and batches they come', async () => {
    const drawn = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c'), revision: fc.nat(6), mark: fc.nat() }), { maxLength: 20 });
    await using harness = await openDocuments(open);
    const { store } = harness;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(drawn, fc.integer({ min: 1, max: 5 }), async (versions, batchSize) => {
        run += 1;
        const puts = versions.map(({ id, revision, mark }) => put(`${run}-${id}`, revision, { mark, amount: mark }));
        for (let at = 0; at < puts.length; at += batchSize) await store.write('p', puts.slice(at, at + batchSize), BigInt(run));
        const expected = new Map<string, DocumentPut>();
        for (const one of puts) if (one.revision > (expected.get(one.id)?.revision ?? -1)) expected.set(one.id, one);
        for (const { id, revision, body } of expected.values()) {
          assert.deepEqual(await store.get(ORDERS, id), { id, revision, body });
          const byField = await store.find(ORDERS, { filter: { amount: { eq: body.mark as number } }, limit: 1_000 });
          assert.ok(
            byField.some((one) => one.id === id),
            'the index knows the current document',
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds a document by the current values of its fields only', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store.write('p', [put('one', 0, { status: 'open', amount: 1 })], 1n);
    await store.write('p', [put('one', 1, { status: 'done' })], 2n);
    assert.deepEqual(await store.find(ORDERS, { filter: { status: { eq: 'open' } }, limit: 10 }), []);
    assert.deepEqual(await store.find(ORDERS, { filter: { amount: { eq: 1 } }, limit: 10 }), []);
    assert.equal((await store.find(ORDERS, { filter: { status: { eq: 'done' } }, limit: 10 })).length, 1);
  });

  it('answers for many ids in the order asked', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store.write('p', [put('a', 1), put('b', 2), put('a', 9, {}, LETTERS)], 1n);
    const got = await store.getMany(ORDERS, ['b', 'nobody', 'a', 'b']);
    assert.deepEqual(
      got.map((one) => one?.revision),
      [2, undefined, 1, 2],
    );
  });

  it('moves the checkpoint with the documents, for each projection apart, beyond what a double can count', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const far = 2n ** 53n + 1n;
    await store.write('p', [put('one', 1)], far);
    await store.write('q', [], 7n);
    assert.deepEqual([await store.checkpoint('p'), await store.checkpoint('q'), await store.checkpoint('r')], [far, 7n, 0n]);
  });

  it('writes all of a batch and its checkpoint, or nothing', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store.write('p', [put('one', 1)], 1n);
    const unwritable = { ...put('three', 1), revision: 'not a number' as unknown as number };
    for (const bad of [unwritable, put('three', 1, {}, 'undeclared')])
      await assert.rejects(store.write('p', [put('one', 2), put('two', 1), bad], 2n));
    assert.equal((await store.get(ORDERS, 'one'))?.revision, 1);
    assert.equal(await store.get(ORDERS, 'two'), undefined);
    assert.equal(await store.checkpoint('p'), 1n);
  });

  it('still has everything after it was closed and opened again', async () => {
    await using harness = await openDocuments(open);
    await harness.store.write('p', [put('one', 3, { status: 'open' })], 5n);
    await using again = await harness.reopen();
    assert.deepEqual(await again.get(ORDERS, 'one'), { id: 'one', revision: 3, body: { status: 'open' } });
    assert.equal(await again.checkpoint('p'), 5n);
  });

  it('refuses to be used once closed', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store[Symbol.asyncDispose]();
    await assert.rejects(store.write('p', [], 1n), ClosedError);
    await assert.rejects(store.get(ORDERS, 'one'), ClosedError);
  });
};

const termOf = (epoch: bigint): Term => ({ name: 'projector-p', epoch, signal: new AbortController().signal });

const termContract = (open: () => Promise<DocumentStoreHarness>) => {
  it('refuses what an earlier term writes once a later one has taken over, and changes nothing', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const [earlier, later] = [termOf(3n), termOf(4n)];
    assert.equal(await store.takeOver('p', earlier), 0n);
    await store.write('p', [put('one', 1)], 1n, undefined, earlier);
    assert.equal(await store.takeOver('p', later), 1n);
    assert.equal(await store.checkpoint('p'), 1n, 'whoever asks later knows what is stored, and leads no more than before');
    await assert.rejects(store.write('p', [put('one', 9), put('two', 1)], 9n, undefined, earlier), SupersededError);
    await assert.rejects(store.write('p', [], 0n, undefined, earlier), SupersededError);
    await assert.rejects(store.takeOver('p', earlier), SupersededError);
    assert.deepEqual(
      [await store.checkpoint('p'), (await store.get(ORDERS, 'one'))?.revision, await store.get(ORDERS, 'two')],
      [1n, 1, undefined],
    );
    await store.write('p', [put('one', 2)], 2n, undefined, later);
    assert.equal(await store.takeOver('p', later), 2n, 'a term may begin again');
    await store.write('q', [put('other', 1)], 7n, undefined, earlier);
    assert.equal(await store.checkpoint('q'), 7n, 'each projection is led on its own');
  });

  it('lets an operator write without a term, whoever leads', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const term = termOf(2n);
    await store.takeOver('p', term);
    await store.write('p', [put('one', 1)], 1n);
    await store.takeOver('p', term);
    await store.write('p', [put('one', 2)], 2n, undefined, term);
    assert.equal((await store.get(ORDERS, 'one'))?.revision, 2);
  });

  it('refuses an earlier term also after another generation was promoted', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const [earlier, later] = [termOf(3n), termOf(4n)];
    await store.takeOver('p', later);
    await store.write('p', [put('one', 1)], 1n, undefined, later);
    const next = await store.beginRebuild('p', [ORDERS]);
    await store.write('p', [put('one', 1)], 1n, next);
    await store.promote('p', next);
    await assert.rejects(store.takeOver('p', earlier), SupersededError);
    await assert.rejects(store.write('p', [put('one', 9)], 9n, undefined, earlier), SupersededError);
    assert.equal(await store.takeOver('p', later), 1n);
    await store.write('p', [put('one', 2)], 2n, undefined, later);
    assert.equal((await store.get(ORDERS, 'one'))?.revision, 2);
  });
};
