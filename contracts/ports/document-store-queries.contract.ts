import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DocumentStoreHarness, ORDERS, openDocuments, put } from './document-store-harness.contract.ts';
import type { DocumentFilter, FindQuery, StoredDocument } from './document-store.ts';

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

/** The part of the DocumentStore contract about finding, counting and scanning. */
export const queryContract = (open: () => Promise<DocumentStoreHarness>): void => {
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
