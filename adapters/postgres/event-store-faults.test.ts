import assert from 'node:assert/strict';
import { StorageFullError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { encodeEvent } from '@sagahub/contracts/event-codec.ts';
import { appendOf, range } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { type EventStore, LOG_START, NO_STREAM, UNPLACED } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import pg from 'pg';
import { systemClock } from '../process/clock.ts';
import { writeBatch } from './append-batch.ts';
import { Database } from './database.ts';
import { openPostgresEventStore } from './event-store.ts';
import { HUB_MIGRATIONS } from './hub-schema.ts';
import { StreamHeads } from './stream-heads.ts';
import { APPLICATION_ROLE, openOnSchema, privateServer } from './testing/hub-harness.ts';
import { startProxy } from './testing/proxy.ts';
import { verifiedLog } from './testing/verified-log.ts';

const server = privateServer();

/** On a database of its own, whose connections may be ended. */
const openStore = async (options: Parameters<typeof openOnSchema>[2] = {}) =>
  openOnSchema(server(), ({ database, leadership }) => openPostgresEventStore(database, { clock: systemClock(), leadership }), {
    url: await server().createDatabase(),
    ...options,
  });

/** Follows the log from its beginning. */
const follow = (store: EventStore) => {
  const delivered: string[] = [];
  const subscription = store.subscribe({
    after: LOG_START,
    onEvents: (events) => void delivered.push(...events.map(({ position, stream, revision }) => `${position} ${stream} ${revision}`)),
  });
  return {
    delivered,
    /** Everything that stands in the log was delivered, once and in its order. */
    async isComplete(): Promise<void> {
      const { rows } = await verifiedLog(store);
      await eventually('everything is delivered', () => subscription.position === BigInt(rows.length));
      assert.deepEqual(
        delivered,
        rows.map(({ position, stream, revision }) => `${position} ${stream} ${revision}`),
      );
    },
  };
};

/** Appends to new streams, eight at a time, until told to stop; every append must succeed. */
const writeUntil = (store: EventStore, name: string) => {
  let count = 0;
  const stop = new AbortController();
  const writers = range(8).map(async (writer) => {
    for (let round = 0; !stop.signal.aborted; round += 1) {
      const stream = `order-${name}-${writer}-${round}`;
      await store.append(appendOf(stream, NO_STREAM, 2));
      await store.append(appendOf(stream, 1));
      count += 1;
    }
  });
  return {
    get count() {
      return count;
    },
    async stop() {
      stop.abort();
      await Promise.all(writers);
    },
  };
};

const terminateOthers = (url: string) =>
  server().query(
    url,
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
  );

describe('event store in PostgreSQL, where things go wrong', function () {
  it('neither skips an append that commits late nor waits for it, and keeps its stream in order', async () => {
    await using harness = await openStore();
    const { port: store, url } = harness;
    const followed = follow(store);
    // One connection for the late append, one that just holds a snapshot, as a backup does.
    await using late = new Database({ url, schema: 'sagahub', migrations: HUB_MIGRATIONS });
    await using backup = new Database({ url, schema: 'sagahub', migrations: HUB_MIGRATIONS });
    const gate = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const backingUp = backup.transaction(async (session) => {
      await session.rows({ name: 'isolate', text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
      await session.rows({ name: 'look', text: 'SELECT count(*) FROM events' });
      await gate.promise;
    });
    const committing = late.transaction(async (session) => {
      const append = appendOf('order-late');
      const head = new StreamHeads(session).expectedBy(append);
      assert.ok(head);
      await writeBatch(session, [{ append, texts: append.events.map(encodeEvent), head, rank: 0 }]);
      written.resolve();
      await gate.promise;
    });
    await written.promise;
    for (const chunk of range(4)) await store.appendMany(range(200).map((number) => appendOf(`order-${chunk}-${number}`)));
    await followed.isComplete();
    assert.equal(followed.delivered.length, 801);
    gate.resolve();
    await Promise.all([committing, backingUp]);
    await store.append(appendOf('order-late', 0));
    await eventually('both are placed', async () => (await store.readStream('order-late')).every(({ position }) => position !== UNPLACED));
    await followed.isComplete();
    assert.deepEqual(
      followed.delivered.slice(801).map((entry) => entry.slice(entry.indexOf(' ') + 1)),
      ['order-late 0', 'order-late 1'],
    );
  });

  it('goes on when its connections are ended by the server, in the middle of appends and deliveries', async () => {
    await using harness = await openStore();
    const { port: store, url } = harness;
    const followed = follow(store);
    const writing = writeUntil(store, 'a');
    for (const round of range(5)) {
      const before = writing.count;
      await eventually(`appends go on after ${round} times`, () => writing.count > before + 50);
      await terminateOthers(url);
    }
    await writing.stop();
    await followed.isComplete();
  });

  for (const [what, restart] of [
    ['is restarted', () => server().restart()],
    [
      'is killed and started again',
      () =>
        server()
          .kill()
          .then(() => server().start()),
    ],
  ] as const)
    it(`goes on where it was when the server ${what}`, async () => {
      await using harness = await openStore();
      const { port: store } = harness;
      const followed = follow(store);
      const writing = writeUntil(store, 'a');
      await eventually('appends go on', () => writing.count > 50);
      await restart();
      const before = writing.count;
      await eventually('appends go on again', () => writing.count > before + 50);
      await writing.stop();
      await followed.isComplete();
    });

  it('tells a caller after some seconds that the server is away, which one, and never the password', async () => {
    await using own = await openStore();
    await using proxy = await startProxy(own.url);
    const url = proxy.url.replace('postgres@', 'postgres:hush-hush@');
    await using harness = await openStore({ url });
    await proxy[Symbol.asyncDispose]();
    await assert.rejects(
      harness.port.append(appendOf('order-1')),
      (error) =>
        error instanceof UnavailableError &&
        error.code === 'HUB_ENGINE_UNAVAILABLE' &&
        error.message.includes(`PostgreSQL at postgres://postgres:***@${new URL(url).host}/`) &&
        !error.message.includes('hush-hush'),
    );
  });

  it('appends once when the answer to a commit is lost', async () => {
    await using own = await openStore();
    await using proxy = await startProxy(own.url);
    await using harness = await openStore({ url: proxy.url });
    const { port: store, database } = harness;
    await store.append(appendOf('order-1'));
    await own.close(); // its sequencer must not be the one that loses an answer
    await harness.leadership[Symbol.asyncDispose]();
    assert.equal((await database.rows<[number]>({ name: 'ping', text: 'SELECT 1' }))[0]?.[0], 1);
    proxy.loseNextAnswer();
    assert.deepEqual(await store.append({ ...appendOf('order-1', 0, 3), requestKey: 'key' }), { revision: 3 });
    assert.equal((await store.readStream('order-1')).length, 4);
    assert.equal(await store.findRequest('key'), 'order-1');
  });

  it('notices that a connection has gone silent, and goes on from where it was', async () => {
    await using own = await openStore();
    await using proxy = await startProxy(own.url);
    await using harness = await openStore({ url: proxy.url, queryTimeoutMs: 1_000 });
    const followed = follow(harness.port);
    await own.port.append(appendOf('order-before'));
    await eventually('it is delivered', () => followed.delivered.length === 2);
    proxy.freeze();
    await own.port.append(appendOf('order-after'));
    await eventually('the next is delivered too', () => followed.delivered.length === 3);
    assert.deepEqual(await harness.port.append(appendOf('order-after', 0)), { revision: 1 });
  });

  it('refuses appends while the disk is full, goes on reading, and appends again when there is room', async () => {
    await using harness = await openStore();
    const { port: store, url } = harness;
    await store.append(appendOf('order-1'));
    await server().query(
      url,
      `CREATE FUNCTION sagahub.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
       END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON sagahub.events EXECUTE FUNCTION sagahub.no_room()`,
    );
    for (const outcome of await store.appendMany([appendOf('order-1', 0), appendOf('order-2')]))
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StorageFullError);
    assert.equal((await store.readStream('order-1')).length, 1);
    assert.deepEqual(await store.readStream('order-2'), []);
    await server().query(url, 'DROP TRIGGER full_disk ON sagahub.events');
    assert.deepEqual(await store.append(appendOf('order-1', 0)), { revision: 1 });
    await store.append(appendOf('order-2'));
  });

  it('lets an append that the server cannot store fail alone', async () => {
    await using harness = await openStore();
    const { port: store } = harness;
    const settled = await store.appendMany([appendOf('order-1'), appendOf('order-\u0000'), appendOf('order-2')]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  it('refuses to change or delete events, places and stream names, by the rights of its role and even to the owner', async () => {
    await using harness = await openStore();
    const { port: store, url } = harness;
    await store.append(appendOf('order-1', NO_STREAM, 2));
    await store.lastPosition();
    const sql = [
      `UPDATE events SET bytes = '{}' WHERE revision = 1`,
      'DELETE FROM events',
      'TRUNCATE events',
      'UPDATE placed SET first_position = 99 WHERE first_position = 2',
      'DELETE FROM placed',
      `UPDATE streams SET name = 'order-2' WHERE name = 'order-1'`,
      'DELETE FROM streams',
    ];
    const owner = new pg.Client({ connectionString: url, options: '-c search_path=sagahub' });
    await owner.connect();
    for (const statement of sql) await assert.rejects(owner.query(statement), { code: 'HUB03' }, statement);
    await owner.query(`SET ROLE ${APPLICATION_ROLE}`);
    for (const statement of sql) await assert.rejects(owner.query(statement), { code: '42501' }, statement);
    await owner.end();
    assert.equal((await store.readStream('order-1')).length, 2);
  });

  it('lets only the newest sequencer place events', async () => {
    await using harness = await openStore();
    const { port: store, url } = harness;
    await store.append(appendOf('order-1'));
    await store.lastPosition();
    await server().query(url, `UPDATE sagahub.leaders SET epoch = epoch + 1 WHERE name = 'sequencer'`);
    const before = await store.lastPosition();
    await store.append(appendOf('order-2'));
    await eventually('a new term has begun', async () => (await store.lastPosition()) > before);
    const stale = new pg.Client({ connectionString: url, options: '-c search_path=sagahub' });
    await stale.connect();
    const asSuperseded =
      'BEGIN; INSERT INTO unsequenced (stream, first_revision, events, earliest_ms) VALUES (0, 0, 1, 0); SELECT place_appends(1, 0, 10)';
    await assert.rejects(stale.query(asSuperseded), { code: 'HUB01' });
    await stale.end();
  });
});
