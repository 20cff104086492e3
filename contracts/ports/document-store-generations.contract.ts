import assert from 'node:assert/strict';
import { type DocumentStoreHarness, LETTERS, ORDERS, openDocuments, put } from './document-store-harness.contract.ts';

/** The part of the DocumentStore contract about rebuilding while readers go on. */
export const generationContract = (open: () => Promise<DocumentStoreHarness>): void => {
  it('shows readers nothing of a rebuild before it is promoted, and everything of it at once afterwards', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store.write('p', [put('kept', 5, { status: 'old' }), put('gone', 1)], 50n);
    const next = await store.beginRebuild('p', [ORDERS]);
    await store.write('p', [put('kept', 2, { status: 'new' }), put('added', 1)], 20n, next);

    assert.deepEqual(await store.get(ORDERS, 'kept'), { id: 'kept', revision: 5, body: { status: 'old' } });
    assert.equal(await store.get(ORDERS, 'added'), undefined);
    assert.equal((await store.find(ORDERS, { limit: 10 })).length, 2);
    assert.equal(await store.checkpoint('p'), 50n);

    assert.equal((await store.get(ORDERS, 'kept', next))?.revision, 2);
    assert.equal(await store.get(ORDERS, 'gone', next), undefined);
    assert.equal(await store.checkpoint('p', next), 20n);

    await store.promote('p', next);
    assert.deepEqual(await store.get(ORDERS, 'kept'), { id: 'kept', revision: 2, body: { status: 'new' } });
    assert.deepEqual(
      (await store.find(ORDERS, { limit: 10 })).map(({ id }) => id),
      ['added', 'kept'],
    );
    assert.equal(await store.checkpoint('p'), 20n);
    assert.equal(await store.rebuilding('p'), undefined);
  });

  it('takes live writes while a rebuild goes on, apart from it', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const next = await store.beginRebuild('p', [ORDERS]);
    await Promise.all([store.write('p', [put('live', 1)], 1n), store.write('p', [put('rebuilt', 1)], 2n, next)]);
    assert.equal(await store.get(ORDERS, 'live', next), undefined);
    await store.promote('p', next);
    await store.write('p', [put('later', 1)], 3n);
    assert.deepEqual(
      (await store.getMany(ORDERS, ['live', 'rebuilt', 'later'])).map((one) => one !== undefined),
      [false, true, true],
    );
    assert.equal(await store.checkpoint('p'), 3n);
  });

  it('goes on with a half-filled rebuild after it was closed and opened again', async () => {
    await using harness = await openDocuments(open);
    const next = await harness.store.beginRebuild('p', [ORDERS]);
    await harness.store.write('p', [put('one', 1)], 10n, next);
    await using again = await harness.reopen();
    assert.equal(await again.rebuilding('p'), next);
    assert.equal(await again.beginRebuild('p', [ORDERS]), next);
    assert.equal(await again.checkpoint('p', next), 10n);
    assert.equal(await again.get(ORDERS, 'one'), undefined);
    await again.write('p', [put('two', 1)], 11n, next);
    await again.promote('p', next);
    assert.equal((await again.find(ORDERS, { limit: 10 })).length, 2);
  });

  it('still has the promoted generation after it was closed and opened again', async () => {
    await using harness = await openDocuments(open);
    await harness.store.write('p', [put('old', 1)], 1n);
    const next = await harness.store.beginRebuild('p', [ORDERS]);
    await harness.store.write('p', [put('new', 1)], 2n, next);
    await harness.store.promote('p', next);
    await using again = await harness.reopen();
    assert.equal(await again.rebuilding('p'), undefined);
    assert.deepEqual(
      (await again.find(ORDERS, { limit: 10 })).map(({ id }) => id),
      ['new'],
    );
    assert.equal(await again.checkpoint('p'), 2n);
  });

  it('leaves no trace of a dropped rebuild', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store.write('p', [put('one', 1)], 1n);
    const dropped = await store.beginRebuild('p', [ORDERS]);
    await store.write('p', [put('two', 1)], 2n, dropped);
    await store.dropRebuild('p', dropped);
    await store.dropRebuild('p', dropped);
    assert.equal(await store.rebuilding('p'), undefined);
    assert.equal(await store.checkpoint('p'), 1n);
    await assert.rejects(store.write('p', [put('three', 1)], 3n, dropped));
    await assert.rejects(store.get(ORDERS, 'two', dropped));
    await assert.rejects(store.promote('p', dropped));
    const next = await store.beginRebuild('p', [ORDERS]);
    assert.equal(await store.checkpoint('p', next), 0n);
    assert.equal(await store.get(ORDERS, 'two', next), undefined);
  });

  it('replaces only the collections of the rebuilt projection, all of them together', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    await store.write('p', [put('one', 1)], 1n);
    await store.write('q', [put('letter', 1, {}, LETTERS)], 2n);
    const next = await store.beginRebuild('p', [ORDERS]);
    await store.promote('p', next);
    assert.equal(await store.get(ORDERS, 'one'), undefined);
    assert.equal((await store.get(LETTERS, 'letter'))?.revision, 1);
    assert.deepEqual([await store.checkpoint('p'), await store.checkpoint('q')], [0n, 2n]);

    const both = await store.beginRebuild('p', [ORDERS, LETTERS]);
    await store.write('p', [put('two', 1), put('letter', 7, {}, LETTERS)], 3n, both);
    assert.equal((await store.get(LETTERS, 'letter'))?.revision, 1);
    await store.promote('p', both);
    assert.equal((await store.get(LETTERS, 'letter'))?.revision, 7);
    assert.equal((await store.get(ORDERS, 'two'))?.revision, 1);
  });

  it('lets a scan that began before a promotion end after it', async () => {
    await using harness = await openDocuments(open);
    const { store } = harness;
    const ids = Array.from({ length: 1_100 }, (_, index) => `order-${index}`);
    const puts = ids.map((id) => put(id, 1));
    await store.write('p', puts, 1n);
    const next = await store.beginRebuild('p', [ORDERS]);
    await store.write('p', puts, 1n, next);
    const seen: string[] = [];
    for await (const { id } of store.scan(ORDERS)) {
      if (seen.length === 10) await store.promote('p', next);
      seen.push(id);
    }
    assert.deepEqual(seen, ids.toSorted());
  });
};
