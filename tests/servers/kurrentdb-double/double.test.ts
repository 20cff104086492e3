import assert from 'node:assert/strict';
import { EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from './double.ts';

/** By the official client's own methods, which know nothing of our adapter. */
describe('double of KurrentDB', () => {
  let double: KurrentDbDouble;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    double = await startKurrentDbDouble();
    client = EventStoreDBClient.connectionString(double.url);
  });
  afterEach(async () => {
    await client.dispose();
    await double[Symbol.asyncDispose]();
  });

  const noted = (note: number | string) => jsonEvent({ type: 'Noted', data: { note } });
  const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
    const all: Item[] = [];
    for await (const item of items) all.push(item);
    return all;
  };

  /** With credentials of its own a call goes by `Append`, without by `BatchAppend`. */
  for (const [way, options] of [
    ['BatchAppend', {}],
    ['Append', { credentials: { username: 'hub', password: 'secret' } }],
  ] as const) {
    it(`appends, tells of conflicts and limits, and takes a repetition for one, by ${way}`, async () => {
      const events = [noted(1), noted(2)];
      const first = await client.appendToStream('a-1', events, { expectedRevision: 'no_stream', ...options });
      const again = await client.appendToStream('a-1', events, { expectedRevision: 'no_stream', ...options });
      assert.deepEqual([first.nextExpectedRevision, again.nextExpectedRevision], [1n, 1n]);
      assert.deepEqual(again.position, first.position);
      await assert.rejects(client.appendToStream('a-1', noted(3), { expectedRevision: 0n, ...options }), {
        type: 'wrong-expected-version',
        expectedVersion: 0n,
        actualVersion: 1n,
      });
      await assert.rejects(client.appendToStream('a-1', noted('x'.repeat(1024 * 1024)), options), { type: 'maximum-append-size-exceeded' });
      double.log.tombstone('a-1');
      await assert.rejects(client.appendToStream('a-1', noted(4), options), { type: 'stream-deleted' });
    });
  }

  it('reads streams and the log, forwards and backwards, in pages', async () => {
    for (const stream of ['a-1', 'b-1']) await client.appendToStream(stream, [noted(1), noted(2), noted(3)]);
    const stream = await collect(client.readStream('b-1', { fromRevision: 1n, maxCount: 5 }));
    assert.deepEqual(
      stream.map(({ event }) => event?.revision),
      [1n, 2n],
    );
    const [last] = await collect(client.readStream('b-1', { direction: 'backwards', fromRevision: 'end', maxCount: 1 }));
    assert.equal(last?.event?.revision, 2n);
    const all = (await collect(client.readAll())).map(({ event }) => event);
    assert.deepEqual(
      all.filter((event) => !event?.streamId.startsWith('$')).map((event) => event?.streamId),
      ['a-1', 'a-1', 'a-1', 'b-1', 'b-1', 'b-1'],
    );
    const second = all.at(-2)?.position;
    assert.ok(second);
    assert.equal((await collect(client.readAll({ fromPosition: second }))).length, 2);
    const back = await collect(client.readAll({ fromPosition: second, direction: 'backwards', maxCount: 1 }));
    assert.equal(back[0]?.event?.revision, 0n);
    await assert.rejects(collect(client.readStream('c-1')), { type: 'stream-not-found' });
    await assert.rejects(collect(client.readAll({ fromPosition: { commit: second.commit + 1n, prepare: second.prepare + 1n } })));
  });

  it('subscribes: what is there, caught up, what comes, and checkpoints of what is filtered out', async () => {
    await client.appendToStream('a-1', [noted(1), noted(2)]);
    const seen: string[] = [];
    const isThere = (what: string) => seen.includes(what);
    let isCaughtUp = false;
    const filter = streamNameFilter({
      prefixes: ['b-'],
      maxSearchWindow: 1,
      checkpointReached: () => void seen.push('checkpoint'),
    });
    const subscription = client.subscribeToAll({ filter });
    subscription.on('caughtUp', () => (isCaughtUp = true));
    subscription.on('data', ({ event }) => void seen.push(event?.streamId ?? ''));
    await eventually('it has caught up', () => isCaughtUp);
    assert.ok(seen.length > 0 && seen.every((what) => what === 'checkpoint'));
    await client.appendToStream('b-1', noted(3));
    await eventually('it is live', () => isThere('b-1'));
    await subscription.unsubscribe();
  });

  it('keeps its log and its address over a restart', async () => {
    await client.appendToStream('a-1', noted(1));
    double.kill();
    await assert.rejects(client.appendToStream('a-1', noted(2)));
    await double.restart();
    const [stored] = await collect(client.readStream('a-1'));
    assert.equal(stored?.event?.revision, 0n);
  });
});
