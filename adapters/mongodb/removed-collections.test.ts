import assert from 'node:assert/strict';
import { HubError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { dropCollections } from '../../tests/faults/networked/emptying.ts';
import { mongoScene, put } from './testing/scene.ts';

describe('MongoDB whose collections are removed', () => {
  const mongo = mongoScene();
  const { open, directly } = mongo;
  const dropDocuments = () =>
    directly(async (db) => {
      for (const { collectionName } of await db.collections())
        if (collectionName.startsWith('orders.')) await db.dropCollection(collectionName);
    });

  it('goes on empty, indexes and all, when everything is removed under it: readers are told so until who wrote is refused and begins anew', async () => {
    await using writes = await open();
    await using reads = await open();
    const generation = await writes.beginRebuild('p', ['orders']);
    await writes.promote('p', generation);
    await writes.write('p', [put('one', 1)], 1n);
    assert.ok(await reads.get('orders', 'one'));
    await directly((db) => db.dropDatabase());
    await assert.rejects(reads.get('orders', 'one'), /what was there is gone, and is made anew/);
    await assert.rejects(writes.write('p', [put('two', 1)], 2n), RevisionConflictError);
    assert.equal(await writes.checkpoint('p'), 0n);
    assert.equal(await reads.get('orders', 'one'), undefined);
    await writes.write('p', [put('one', 1), put('two', 1)], 2n);
    assert.deepEqual(
      (await reads.find('orders', { filter: { status: { in: ['at 1'] } }, limit: 9 })).map(({ id }) => id),
      ['one', 'two'],
    );
    assert.equal(await reads.checkpoint('p'), 2n);
  });

  it('goes on empty for all projections, whichever of them notices first', async () => {
    await using store = await open();
    await store.write('a', [put('one', 1)], 1n);
    await store.write('b', [put('two', 1)], 100n);
    await directly((db) => db.dropDatabase());
    assert.equal(await store.checkpoint('a'), 0n);
    for (let tries = 0; tries < 2; tries += 1) await assert.rejects(store.write('b', [put('three', 1)], 101n), RevisionConflictError);
    assert.equal(await store.checkpoint('b'), 0n);
    await store.write('b', [put('two', 1), put('three', 1)], 101n);
    assert.equal((await store.find('orders', { limit: 9 })).length, 2);
  });

  it('says that it is away, and nothing worse, while somebody removes its collections again and again', async () => {
    await using store = await open();
    const untilMs = Date.now() + 3_000;
    const faults: string[] = [];
    const ask = async (call: () => Promise<unknown>): Promise<void> => {
      while (Date.now() < untilMs) {
        try {
          await call();
        } catch (error) {
          if (!(error instanceof HubError)) faults.push(String(error));
        }
      }
    };
    let written = 0;
    const calls = [
      () => store.get('orders', '1'),
      () => store.getMany('orders', ['1', '2']),
      () => store.find('orders', { filter: { status: { in: ['at 1'] } }, limit: 5 }),
      () => store.countBy('orders', 'status'),
      () => store.checkpoint('orders'),
      () => store.isWhole(['orders']),
      () => store.write('orders', [put(String((written += 1) % 7), written)], BigInt(written)),
    ];
    const removing = ask(() => dropCollections(mongo.url));
    await Promise.all([removing, ...calls.flatMap((call) => [ask(call), ask(call)])]);
    assert.deepEqual(faults, []);
    await eventually('it goes on', () =>
      store.checkpoint('orders').then(
        () => true,
        () => false,
      ),
    );
  });

  it('tells of a collection that was removed under it, and came back with the next write, until it is rebuilt', async () => {
    await using store = await open();
    await using other = await open();
    await store.write('orders', [put('lost', 1)], 5n);
    assert.deepEqual([await store.isWhole(['orders']), await other.isWhole(['orders'])], [true, true]);
    await dropDocuments();
    assert.equal(await other.isWhole(['orders']), false);
    await store.write('orders', [put('later', 1)], 6n);
    assert.equal(await store.isWhole(['orders']), false);
    const generation = await store.beginRebuild('orders', ['orders']);
    await store.write('orders', [put('lost', 1), put('later', 1)], 6n, generation);
    await store.promote('orders', generation);
    assert.deepEqual([await store.isWhole(['orders']), await other.isWhole(['orders'])], [true, true]);
  });

  it('knows documents of a release that wrote down nothing of where they are from the first time it is asked', async () => {
    await using store = await open();
    await directly(async (db) => {
      const meta = (await db.collections()).find(({ collectionName }) => collectionName.startsWith('hub.'))!;
      const pointer = (await meta.findOne({ _id: 'generations' as never })) as unknown as { readonly state: string };
      const { made, ...state } = JSON.parse(pointer.state);
      assert.ok(made);
      await meta.updateOne({ _id: 'generations' as never }, { $set: { state: JSON.stringify(state) } });
    });
    assert.equal(await store.isWhole(['orders']), true);
    await dropDocuments();
    assert.equal(await store.isWhole(['orders']), false);
  });

  it('takes no write of who knows an entry that was removed, however often the new one was written to', async () => {
    await using knows = await open();
    await using other = await open();
    await knows.write('p', [put('one', 1)], 7n);
    await directly((db) => db.dropDatabase());
    assert.equal(await other.checkpoint('p'), 0n);
    await other.write('p', [put('one', 1)], 1n);
    await assert.rejects(knows.write('p', [put('two', 1)], 8n), RevisionConflictError);
    assert.equal(await other.checkpoint('p'), 1n);
  });
});
