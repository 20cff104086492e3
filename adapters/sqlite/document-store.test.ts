import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { documentStoreContract } from '@sagahub/contracts/ports/document-store.contract.ts';
import type { CollectionSpec, DocumentFilter } from '@sagahub/contracts/ports/document-store.ts';
import { findStatements } from './document-store-query.ts';
import { layoutOf } from './document-store-schema.ts';
import { openSqliteDocumentStore } from './document-store.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

documentStoreContract('sqlite', async () => {
  const folder = await temporaryFolder();
  return {
    open: (collections: readonly CollectionSpec[]) => openSqliteDocumentStore({ path: folder.path('views.db'), collections }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

const ORDERS = { name: 'orders', indexes: [['partnerId', 'receivedAt'], ['status', 'receivedAt'], ['receivedAt']] };
const order = (id: string, revision = 1) => ({
  collection: 'orders',
  id,
  revision,
  body: { partnerId: 'acme', status: 'received', receivedAt: '2026-11-20T10:00:00.000Z' },
});

/** A store in which one order was projected, closed again. */
const used = async (path: string, logId = 'log-1'): Promise<void> => {
  await using store = await openSqliteDocumentStore({ path, collections: [ORDERS], logId });
  await store.write('orders', [order('one')], 42n);
};

describe('SQLite document store', () => {
  it('answers every page from an index, without sorting', async () => {
    await using folder = await temporaryFolder();
    await used(folder.path('views.db'));
    using db = new DatabaseSync(folder.path('views.db'), { readOnly: true });
    const sort = { field: 'receivedAt', direction: 'desc' } as const;
    const partnerId = { eq: 'acme' };
    const queries = [
      { sort },
      { filter: { partnerId }, sort },
      { filter: { status: { eq: 'received' } }, sort },
      { filter: { partnerId, receivedAt: { gte: '2026', lt: '2027' } }, sort },
      { filter: { receivedAt: { gte: '2026' } }, sort },
      { filter: { status: { in: ['stuck', 'waiting', 'stuck'] } }, sort },
      {},
    ];
    for (const query of queries)
      for (const after of [undefined, { value: '2026-11-20T10:00:00.000Z', id: 'x' }, { id: 'x' }])
        for (const { text, values } of findStatements(layoutOf(ORDERS), 1, { ...query, ...(after && { after }), limit: 50 })) {
          const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values, 50) as { detail: string }[];
          const details = plan.map(({ detail }) => detail).join('; ');
          assert.doesNotMatch(details, /TEMP B-TREE/, text);
          assert.match(details, after || 'filter' in query ? /SEARCH .* USING INDEX/ : /^SCAN .* USING INDEX/, text);
          if ('filter' in query) assert.doesNotMatch(details, /SCAN/, text);
        }
  });

  it('finds by a selective field through its index, whatever else is asked for', async () => {
    await using folder = await temporaryFolder();
    const collection = { ...ORDERS, indexes: [...ORDERS.indexes, ['orderNumber']], selective: ['orderNumber'] };
    {
      await using store = await openSqliteDocumentStore({ path: folder.path('views.db'), collections: [collection] });
      await store.write('orders', [order('one')], 1n);
    }
    using db = new DatabaseSync(folder.path('views.db'), { readOnly: true });
    const orderNumber = { eq: 'PO-1' };
    const filters: DocumentFilter[] = [
      { orderNumber },
      { orderNumber, partnerId: { eq: 'acme' } },
      { orderNumber, status: { eq: 'received' }, receivedAt: { gte: '2026', lt: '2027' } },
      { orderNumber, status: { in: ['stuck', 'waiting'] } },
    ];
    for (const filter of filters)
      for (const after of [undefined, { value: '2026-11-20T10:00:00.000Z', id: 'x' }]) {
        const query = { filter, sort: { field: 'receivedAt', direction: 'desc' } as const, ...(after && { after }), limit: 50 };
        for (const { text, values } of findStatements(layoutOf(collection), 1, query)) {
          const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values, 50) as { detail: string }[];
          const reads = plan.map(({ detail }) => detail).filter((detail) => /SEARCH|SCAN/.test(detail));
          for (const read of reads) assert.match(read, /USING INDEX orders#1:orderNumber/, text);
        }
      }
  });

  it('is not thrown away without a reason', async () => {
    await using folder = await temporaryFolder();
    await used(folder.path('views.db'));
    await using store = await openSqliteDocumentStore({ path: folder.path('views.db'), collections: [ORDERS], logId: 'log-1' });
    assert.equal(store.discarded, undefined);
    assert.equal(await store.checkpoint('orders'), 42n);
  });

  const unusable: Record<string, { spoil?: (path: string) => void; collections?: CollectionSpec[]; logId?: string; reason: RegExp }> = {
    'folded from another log': { logId: 'log-2', reason: /another log/ },
    'of a release with other indexes': { collections: [{ ...ORDERS, indexes: [['status']] }], reason: /other collections/ },
    'of a release with other collections': { collections: [ORDERS, { name: 'breakers', indexes: [] }], reason: /other collections/ },
    'no database': { spoil: (path) => writeFileSync(path, 'Dear reader, this is no database.'.repeat(500)), reason: /damaged/ },
    'cut short': { spoil: (path) => writeFileSync(path, ''), reason: /other tables/ },
  };
  for (const [what, { spoil, collections = [ORDERS], logId = 'log-1', reason }] of Object.entries(unusable))
    it(`starts empty, and says so, when the file is ${what}`, async () => {
      await using folder = await temporaryFolder();
      const path = folder.path('views.db');
      await used(path);
      spoil?.(path);
      await using store = await openSqliteDocumentStore({ path, collections, logId });
      assert.match(store.discarded ?? '', reason);
      assert.equal(await store.checkpoint('orders'), 0n);
      assert.equal(await store.get('orders', 'one'), undefined);
      await store.write('orders', [order('two')], 1n);
    });

  it('reports damage found in use, and starts empty the next time', async () => {
    await using folder = await temporaryFolder();
    const path = folder.path('views.db');
    {
      await using store = await openSqliteDocumentStore({ path, collections: [ORDERS] });
      await store.write(
        'orders',
        Array.from({ length: 2_000 }, (_, index) => order(`order-${index}`)),
        42n,
      );
    }
    const file = openSync(path, 'r+');
    for (let at = 16 * 4_096; at < statSync(path).size; at += 4_096) writeSync(file, Buffer.alloc(4_096, 0xff), 0, 4_096, at);
    closeSync(file);
    {
      await using store = await openSqliteDocumentStore({ path, collections: [ORDERS] });
      assert.equal(store.discarded, undefined);
      await assert.rejects(
        store.find('orders', { limit: 2_000 }),
        (error) => error instanceof UnavailableError && error.code === 'HUB_READ_MODEL_DAMAGED',
      );
    }
    await using store = await openSqliteDocumentStore({ path, collections: [ORDERS] });
    assert.match(store.discarded ?? '', /damaged/);
    assert.equal(await store.checkpoint('orders'), 0n);
    assert.equal(existsSync(`${path}-damaged`), false);
  });

  it('removes tables that a crash during promotion left behind', async () => {
    await using folder = await temporaryFolder();
    const path = folder.path('views.db');
    await used(path);
    const tables = () => {
      using db = new DatabaseSync(path, { readOnly: true });
      return db
        .prepare(`SELECT name FROM sqlite_schema WHERE name GLOB 'orders#?'`)
        .all()
        .map(({ name }) => name);
    };
    {
      using db = new DatabaseSync(path);
      db.exec(`CREATE TABLE "orders#7" (id TEXT)`);
    }
    assert.deepEqual(tables(), ['orders#1', 'orders#7']);
    await used(path);
    assert.deepEqual(tables(), ['orders#1']);
  });

  it('keeps old and new values apart when only some of the indexed fields change', async () => {
    await using folder = await temporaryFolder();
    await using store = await openSqliteDocumentStore({ path: folder.path('views.db'), collections: [ORDERS] });
    const { body } = order('one');
    for (const [revision, change] of [
      {},
      { status: 'completed' },
      { partnerId: 'globex', status: undefined },
      { receivedAt: '2027' },
    ].entries())
      await store.write('orders', [{ ...order('one', revision), body: { ...body, ...change } }], 1n);
    const count = async (field: string) => Object.fromEntries(await store.countBy('orders', field));
    assert.deepEqual(await Promise.all(['partnerId', 'status', 'receivedAt'].map(count)), [{ acme: 1 }, { received: 1 }, { '2027': 1 }]);
    using db = new DatabaseSync(folder.path('views.db'), { readOnly: true });
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  });
});
