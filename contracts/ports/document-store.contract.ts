import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ClosedError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { generationContract } from './document-store-generations.contract.ts';
import type { CollectionSpec, DocumentFilter, DocumentPut, DocumentStore, FindQuery, StoredDocument } from './document-store.ts';

export interface DocumentStoreHarness extends AsyncDisposable {
  /** Empty at first; opened again after it was disposed, it holds what it held. Same collections every time. */
  open(collections: readonly CollectionSpec[]): Promise<DocumentStore>;
}

export const ORDERS = 'orders';
export const LETTERS = 'dead-letters';
const COLLECTIONS: readonly CollectionSpec[] = [
  { name: ORDERS, indexes: [['partner', 'amount'], ['status'], ['amount'], ['note'], ['urgent']] },
  { name: LETTERS, indexes: [] },
];

export const put = (id: string, revision: number, body: JsonObject = {}, collection = ORDERS): DocumentPut => ({
  collection,
  id,
  revision,
  body,
});
export const openDocuments = async (open: () => Promise<DocumentStoreHarness>) => {
  const harness = await open();
  const store = await harness.open(COLLECTIONS);
  return {
    store,
    /** Closes the store and opens it again on the same data. */
    reopen: async () => {
      await store[Symbol.asyncDispose]();
      return harness.open(COLLECTIONS);
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await harness[Symbol.asyncDispose]();
    },
  };
};

export const documentStoreContract = (adapter: string, open: () => Promise<DocumentStoreHarness>) =>
  describe(`DocumentStore contract: ${adapter}`, () => {
    describe('documents', () => documentContract(open));
    describe('queries', () => queryContract(open));
    describe('generations', () => generationContract(open));
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

const NOTES = ['', 'a', 'A', 'aa', 'ä', '\uffee', '\u{1f4e6}', 'z'];
const document = fc.record(
  {
    partner: fc.constantFrom('acme', 'globex'),
    status: fc.constantFrom('open', 'done', 'stuck'),
    amount: fc.constantFrom(-1, 0, 0.5, 1, 2, 1_000_000_000_000),
    note: fc.constantFrom(...NOTES),
    urgent: fc.boolean(),
  },
  { requiredKeys: ['partner'] },
);
const documents = fc.array(document, { maxLength: 40 });
const filter: fc.Arbitrary<DocumentFilter> = fc.record(
  {
    partner: fc.record({ eq: fc.constantFrom('acme', 'globex', 'nobody') }),
    status: fc.record({ in: fc.array(fc.constantFrom('open', 'done', 'stuck'), { maxLength: 2 }) }),
    amount: fc.record(
      { gte: fc.constantFrom(0, 1), gt: fc.constantFrom(-1, 0.5), lt: fc.constantFrom(1, 5), lte: fc.constantFrom(1, 2) },
      { requiredKeys: [] },
    ),
    note: fc.record({ gte: fc.constantFrom(...NOTES), lt: fc.constantFrom(...NOTES) }, { requiredKeys: [] }),
    urgent: fc.record({ eq: fc.boolean() }),
  },
  { requiredKeys: [] },
);
const sort = fc.option(fc.record({ field: fc.constantFrom('amount', 'note', 'status'), direction: fc.constantFrom('asc', 'desc') }), {
  nil: undefined,
});

const queryContract = (open: () => Promise<DocumentStoreHarness>) => {
  it('pages through exactly the matching documents, each once, in order, for any filter, order and page size', async () => {
    // One store for all runs; each fills a generation of its own, which is empty at first.
    await using harness = await openDocuments(open);
    const { store } = harness;
    await fc.assert(
      fc.asyncProperty(documents, filter, sort, fc.integer({ min: 1, max: 7 }), async (drawn, filtered, sorted, limit) => {
        const generation = await store.beginRebuild('run', [ORDERS]);
        const stored = drawn.map((body, index) => ({ id: `order-${index % 7}-${index}`, revision: 1, body }));
        await store.write(
          'run',
          stored.map((one) => ({ ...one, collection: ORDERS })),
          1n,
          generation,
        );
        const query = { filter: filtered, ...(sorted && { sort: sorted as NonNullable<FindQuery['sort']> }) };
        const seen: StoredDocument[] = [];
        for (let after: FindQuery['after']; ; ) {
          const page = await store.find(ORDERS, { ...query, limit, ...(after && { after }) }, generation);
          assert.ok(page.length <= limit);
          seen.push(...page);
          const last = page.at(-1);
          if (!last) break;
          const value = sorted && (last.body[sorted.field] as string | number | undefined);
          after = { id: last.id, ...(value !== undefined && { value }) };
        }
        await store.dropRebuild('run', generation);
        assert.deepEqual(
          seen.map(({ id }) => id),
          matching(stored, query).map(({ id }) => id),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('counts the matching documents by the values of a field', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    let run = 0;
    await fc.assert(
      fc.asyncProperty(documents, filter, fc.constantFrom('status', 'amount', 'urgent'), async (drawn, filtered, field) => {
        run += 1;
        const generation = await store.beginRebuild('run', [ORDERS]);
        const stored = drawn.map((body, index) => ({ id: `order-${index}`, revision: run, body }));
        await store.write(
          'run',
          stored.map((one) => ({ ...one, collection: ORDERS })),
          1n,
          generation,
        );
        await store.promote('run', generation);
        const expected = new Map<string, number>();
        for (const { body } of matching(stored, { filter: filtered })) {
          const value = (body as Readonly<Record<string, Scalar>>)[field];
          if (value !== undefined) expected.set(String(value), (expected.get(String(value)) ?? 0) + 1);
        }
        assert.deepEqual(await store.countBy(ORDERS, field, filtered), expected);
      }),
      { numRuns: 40 },
    );
  });

  it('scans every document in the order of the ids', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const ids = Array.from({ length: 1_203 }, (_, index) => `order-${(index * 7_919) % 1_203}`);
    for (let at = 0; at < ids.length; at += 400)
      await store.write(
        'p',
        ids.slice(at, at + 400).map((id) => put(id, 1)),
        1n,
      );
    const seen: string[] = [];
    for await (const { id } of store.scan(ORDERS)) seen.push(id);
    assert.deepEqual(seen, ids.toSorted());
  });

  it('refuses to filter, sort or count by a field without an index', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await assert.rejects(store.find(ORDERS, { filter: { colour: { eq: 'red' } }, limit: 1 }), /colour/);
    await assert.rejects(store.find(ORDERS, { sort: { field: 'colour', direction: 'asc' }, limit: 1 }), /colour/);
    await assert.rejects(store.countBy(ORDERS, 'colour'), /colour/);
    await assert.rejects(store.find('undeclared', { limit: 1 }), /undeclared/);
  });
};

type Scalar = string | number | boolean;
/** Numbers by size, everything else by UTF-8 bytes (which UTF-16 code units do not follow). */
const compare = (a: Scalar, b: Scalar): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));

/** What `find` promises, said as plainly as possible. */
const matching = <Document extends StoredDocument>(all: readonly Document[], query: Pick<FindQuery, 'filter' | 'sort'>): Document[] => {
  const fits = ({ body }: Document): boolean =>
    Object.entries(query.filter ?? {}).every(([field, { eq, in: among, gt, gte, lt, lte }]) => {
      const value = body[field] as Scalar | undefined;
      if (value === undefined) return eq === undefined && !among && [gt, gte, lt, lte].every((bound) => bound === undefined);
      if (eq !== undefined && value !== eq) return false;
      if (among && !among.includes(value as string)) return false;
      if (gt !== undefined && compare(value, gt) <= 0) return false;
      if (gte !== undefined && compare(value, gte) < 0) return false;
      if (lt !== undefined && compare(value, lt) >= 0) return false;
      return lte === undefined || compare(value, lte) <= 0;
    });
  const { field, direction } = query.sort ?? { field: 'id', direction: 'asc' };
  const sign = direction === 'asc' ? 1 : -1;
  return all.filter(fits).toSorted((a, b) => {
    const [left, right] = [a.body[field] as Scalar | undefined, b.body[field] as Scalar | undefined];
    const byValue =
      left === undefined || right === undefined ? Number(left !== undefined) - Number(right !== undefined) : compare(left, right);
    return sign * (byValue || compare(a.id, b.id));
  });
};
