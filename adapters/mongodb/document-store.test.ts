import assert from 'node:assert/strict';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ConfigurationError, RevisionConflictError, SupersededError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { documentStoreContract } from '@sagahub/contracts/ports/document-store.contract.ts';
import type { DocumentPut } from '@sagahub/contracts/ports/document-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import type { Db } from 'mongodb';
import { freePort } from '../../tests/servers/local-server.ts';
import { serverName, startMongoDb } from '../../tests/servers/mongodb.ts';
import { startTcpProxy } from '../../tests/servers/tcp-proxy.ts';
import { TEST_CERTIFICATE } from '../http/testing/certificate.ts';
import { systemClock } from '../process/clock.ts';
import { applyBatch, placesOf, replaceLimitsOf } from './batch.ts';
import { FIRST } from './generations.ts';
import { Progress, type ProgressForm } from './progress.ts';
import { openMongoDocumentStore } from './document-store.ts';
import { mongoScene, put } from './testing/scene.ts';

describe('MongoDB', () => {
  const mongo = mongoScene();
  const { open, directly } = mongo;
  const namesOf = (db: Db, prefix: string) =>
    db
      .listCollections({}, { nameOnly: true })
      .toArray()
      .then((all) => all.map(({ name }) => name).filter((name) => name.startsWith(prefix)));
  const progressIn = async (db: Db) => db.collection<ProgressForm>((await namesOf(db, 'hub.'))[0] ?? '');
  const works = (call: Promise<unknown>) =>
    call.then(
      () => true,
      () => false,
    );

  documentStoreContract('MongoDB', async () => ({
    open: (collections) => openMongoDocumentStore({ url: mongo.url, collections, clock: systemClock(), logger: silentTelemetry.logger }),
    [Symbol.asyncDispose]: async () => {},
  }));

  describe('write', () => {
    it('whose writer died before it put the documents in their places is whole for the next who reads the checkpoint', async () => {
      {
        await using dies = await open();
        await dies.write('p', [put('one', 1), put('two', 1)], 1n);
        await dies.write('p', [put('one', 2), put('three', 1)], 2n);
      }
      await directly(async (db) => {
        const [name = ''] = await namesOf(db, 'orders.');
        await db.collection<{ _id: string }>(name).deleteMany({ _id: { $in: ['one', 'three'] } });
      });
      await using next = await open();
      assert.equal(await next.checkpoint('p'), 2n);
      const found = await next.getMany('orders', ['one', 'two', 'three']);
      assert.deepEqual(
        found.map((one) => one?.body),
        [{ status: 'at 2' }, { status: 'at 1' }, { status: 'at 1' }],
      );
    });

    it('of a projector that was overtaken while it slept changes nothing, until it has read the checkpoint again', async () => {
      await using sleeper = await open();
      await using active = await open();
      await sleeper.checkpoint('p');
      await sleeper.write('p', [put('one', 1)], 1n);
      assert.equal(await active.checkpoint('p'), 1n);
      await active.write('p', [put('one', 5)], 5n);

      for (let tries = 0; tries < 2; tries += 1)
        await assert.rejects(sleeper.write('p', [put('one', 9, 'stale'), put('two', 2)], 2n), RevisionConflictError);
      assert.deepEqual([await active.checkpoint('p'), (await active.get('orders', 'one'))?.revision], [5n, 5]);
      assert.equal(await active.get('orders', 'two'), undefined);

      assert.equal(await sleeper.checkpoint('p'), 5n);
      await sleeper.write('p', [put('one', 6)], 6n);
      await assert.rejects(active.write('p', [], 7n), RevisionConflictError);
    });

    it('of a leader is refused once another process leads, whatever its own process has read since', async () => {
      await using sleeper = await open();
      await using active = await open();
      const [earlier, later] = [1n, 2n].map((epoch) => ({ name: 'projector-p', epoch, signal: new AbortController().signal }));
      await sleeper.takeOver('p', earlier!);
      await sleeper.write('p', [put('one', 1)], 1n, undefined, earlier);
      await active.takeOver('p', later!);
      await active.write('p', [put('one', 5)], 5n, undefined, later);
      assert.equal(await sleeper.checkpoint('p'), 5n);
      await assert.rejects(sleeper.write('p', [put('one', 9, 'stale')], 2n, undefined, earlier), SupersededError);
      await assert.rejects(sleeper.takeOver('p', earlier!), SupersededError);
      assert.deepEqual([await active.checkpoint('p'), (await active.get('orders', 'one'))?.revision], [5n, 5]);
    });

    it('of a leader is refused from the moment that another one begins, before that one has written anything', async () => {
      await using sleeper = await open();
      await using active = await open();
      const [earlier, later] = [1n, 2n].map((epoch) => ({ name: 'projector-p', epoch, signal: new AbortController().signal }));
      await sleeper.takeOver('p', earlier!);
      assert.equal(await active.takeOver('p', later!), 0n);
      await assert.rejects(sleeper.write('p', [put('one', 1)], 1n, undefined, earlier), SupersededError);
      assert.equal(await active.get('orders', 'one'), undefined);
    });

    it('that arrives late, its batch long accepted, overwrites nothing newer', async () => {
      await using store = await open();
      await store.write('p', [put('one', 5)], 5n);
      await directly(async (db) => {
        const [name = ''] = await namesOf(db, 'orders.');
        const late = ['one', 'two'].map((_id) => ({ _id, revision: 3, fields: {}, body: '{}' }));
        await applyBatch(placesOf(db, await replaceLimitsOf(db)), new Map([[name, late]]));
      });
      assert.deepEqual((await store.get('orders', 'one'))?.body, { status: 'at 5' });
      assert.equal((await store.get('orders', 'two'))?.revision, 3);
    });

    // FerretDB cannot: its update looks and writes in two steps.
    if (serverName() === 'mongod')
      it('of eight projectors at once is one’s', async () => {
        const stores = await Promise.all(Array.from({ length: 8 }, () => open()));
        await Promise.all(stores.map((store) => store.checkpoint('p')));
        const tries = await Promise.allSettled(stores.map((store, index) => store.write('p', [put(`by ${index}`, 1)], BigInt(index + 1))));
        const won = tries.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
        assert.equal(won.length, 1);
        await using reader = await open();
        assert.equal(await reader.checkpoint('p'), BigInt(Number(won[0]) + 1));
        assert.deepEqual(
          (await reader.find('orders', { limit: 10 })).map(({ id }) => id),
          [`by ${won[0]}`],
        );
        await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
      });

    it('replaces any number of documents', async () => {
      await using store = await open();
      for (const revision of [1, 2])
        await store.write(
          'p',
          Array.from({ length: 250 }, (_, index) => put(`order-${index}`, revision)),
          BigInt(revision),
        );
      assert.equal((await store.countBy('orders', 'status')).get('at 2'), 250);
    });

    it('may be larger than a document of MongoDB', async () => {
      await using store = await open();
      const note = 'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. '.repeat(140);
      const puts = Array.from(
        { length: 2_000 },
        (_, index): DocumentPut => ({ ...put(`order-${index}`, 1), body: { status: 'open', note, index } }),
      );
      await store.write('p', puts, 1n);
      assert.deepEqual((await store.get('orders', 'order-1999'))?.body, { status: 'open', note, index: 1_999 });
    });
  });

  describe('generations', () => {
    it('that another process promotes are seen by readers, and fence the writer of the one before', async () => {
      await using one = await open();
      await using two = await open();
      await one.checkpoint('p');
      await one.write('p', [put('old', 1)], 1n);
      const next = await two.beginRebuild('p', ['orders']);
      await two.write('p', [put('new', 1)], 2n, next);
      await two.promote('p', next);
      assert.deepEqual(
        (await one.find('orders', { limit: 10 })).map(({ id }) => id),
        ['new'],
      );
      await assert.rejects(one.write('p', [put('late', 1)], 3n), RevisionConflictError);
      assert.equal(await one.checkpoint('p'), 2n);
      await one.write('p', [put('late', 1)], 3n);
      assert.equal((await two.get('orders', 'late'))?.revision, 1);
    });

    it('that were promoted by a process that died at it take no write of one that slept through it', async () => {
      await using sleeper = await open({ liveForMs: 0 });
      await using other = await open();
      await sleeper.checkpoint('p');
      await sleeper.write('p', [put('old', 1)], 1n);
      const left = await directly(async (db) => (await progressIn(db)).findOne({ _id: Progress.keyOf('p', FIRST) }));
      const next = await other.beginRebuild('p', ['orders']);
      await other.write('p', [put('new', 1)], 1n, next);
      await other.promote('p', next);
      await directly(async (db) => (await progressIn(db)).insertOne(left!)); // as if it had not come to removing it
      await assert.rejects(sleeper.write('p', [put('late', 1)], 2n), RevisionConflictError);
      await sleeper.find('orders', { limit: 1 });
      await assert.rejects(sleeper.write('p', [put('late', 1)], 2n), RevisionConflictError);
      assert.equal(await sleeper.get('orders', 'late'), undefined);
      assert.equal(await sleeper.checkpoint('p'), 1n);
      await sleeper.write('p', [put('late', 1)], 2n);
      assert.equal((await other.get('orders', 'late'))?.revision, 1);
    });

    it('that another process has written to are not replaced by what lacks that, and take no more until it is in their place', async () => {
      await using leads = await open();
      await using rebuilds = await open();
      await leads.checkpoint('p');
      await leads.write('p', [put('one', 1)], 1n);
      assert.equal(await rebuilds.checkpoint('p'), 1n);
      const next = await rebuilds.beginRebuild('p', ['orders']);
      await rebuilds.write('p', [put('one', 1)], 1n, next);
      await leads.write('p', [put('two', 1)], 2n);

      await assert.rejects(rebuilds.promote('p', next), RevisionConflictError);
      assert.ok(await leads.get('orders', 'two'));
      await assert.rejects(leads.write('p', [put('three', 1)], 3n), RevisionConflictError);

      assert.equal(await rebuilds.checkpoint('p'), 2n);
      await rebuilds.write('p', [put('two', 1)], 2n, next);
      await rebuilds.promote('p', next);
      assert.equal(await leads.checkpoint('p'), 2n);
      await leads.write('p', [put('three', 1)], 3n);
      assert.deepEqual(
        (await leads.find('orders', { limit: 10 })).map(({ id }) => id),
        ['one', 'three', 'two'],
      );
    });

    it('that were replaced are removed in the end, by the next start if need be', async () => {
      {
        await using store = await open();
        await store.promote('p', await store.beginRebuild('p', ['orders']));
        assert.equal((await directly((db) => namesOf(db, 'orders.'))).length, 2);
      }
      await using _next = await open({ retireAfterMs: 0 });
      await eventually('one is left', async () => (await directly((db) => namesOf(db, 'orders.'))).length === 1);
    });

    it('of another log, or of a release that indexes other fields, are left alone', async () => {
      await using first = await open({ logId: 'one' });
      await first.write('p', [put('one', 1)], 1n);
      await using otherLog = await open({ logId: 'two' });
      await using otherRelease = await open({ logId: 'one', collections: [{ name: 'orders', indexes: [['status'], ['amount']] }] });
      for (const other of [otherLog, otherRelease]) {
        assert.equal(await other.checkpoint('p'), 0n);
        assert.equal(await other.get('orders', 'one'), undefined);
        await other.write('p', [put('one', 7)], 7n);
      }
      assert.equal((await first.get('orders', 'one'))?.revision, 1);
    });
  });

  describe('connection', () => {
    it('that is cut comes again, and a write whose fate is unknown is found whole or not at all', async () => {
      await using proxy = await startTcpProxy(mongo.server.port);
      await using store = await open({ url: mongo.url.replace(String(mongo.server.port), String(proxy.port)) });
      let written = 0n;
      for (let round = 1; round <= 30; round += 1) {
        if (round % 10 === 5) setTimeout(() => proxy.cut(), round % 3);
        try {
          written = await store.checkpoint('p');
          await store.write('p', [put('one', Number(written) + 1), put(`${written}`, 1)], written + 1n);
        } catch (error) {
          assert.ok(error instanceof UnavailableError, String(error));
        }
      }
      await eventually('it works again', () => works(store.checkpoint('p')));
      const checkpoint = await store.checkpoint('p');
      assert.ok(checkpoint > 10n);
      assert.equal((await store.get('orders', 'one'))?.revision, Number(checkpoint));
      assert.equal((await store.find('orders', { limit: 100 })).length, Number(checkpoint) + 1);
    });

    it('is made again after the server was away', async () => {
      await using away = await startMongoDb();
      await using store = await open({ url: away.database('hub') });
      await store.write('p', [put('one', 1)], 1n);
      await away.stop();
      await assert.rejects(
        store.write('p', [put('one', 2)], 2n),
        (error) => error instanceof UnavailableError && error.code === 'HUB_ENGINE_UNAVAILABLE',
      );
      const { status, output } = await store.health();
      assert.equal(status, 'fail');
      assert.match(String(output), /^MongoDB at mongodb:/);
      await away.restart();
      await eventually('it is well', async () => (await store.health()).status === 'pass');
      await store.write('p', [put('one', 2)], 2n);
      assert.equal((await store.get('orders', 'one'))?.revision, 2);
    });

    it('that has gone silent is given up by a call in the end, and holds up none that comes later', async () => {
      await using proxy = await startTcpProxy(mongo.server.port);
      await using store = await open({ url: mongo.url.replace(String(mongo.server.port), String(proxy.port)), answerWithinMs: 1_000 });
      await store.write('p', [put('one', 1)], 1n);
      proxy.silence();
      await assert.rejects(store.write('p', [put('one', 2)], 2n), UnavailableError);
      proxy.heal();
      await eventually('it works again', () => works(store.checkpoint('p')), 10_000); // before the driver gives up the connection
    });

    it('is waited for at start, saying why and what to do, without the password', async () => {
      const port = await freePort();
      const reasons: (string | undefined)[] = [];
      const stop = new AbortController();
      const opening = open({
        url: `mongodb://hub:secret-word@127.0.0.1:${port}/hub?serverSelectionTimeoutMS=200`,
        signal: stop.signal,
        onWaiting: (reason) => reasons.push(reason),
      });
      await eventually('it was tried', () => reasons.length > 0);
      stop.abort();
      await assert.rejects(opening);
      assert.match(
        String(reasons[0]),
        /^MongoDB at mongodb:\/\/hub:\*\*\*@.*ECONNREFUSED.*is it running, and is the port in HUB_MONGODB_URL right\?$/,
      );
      assert.doesNotMatch(reasons.join(), /secret-word/);
      await assert.rejects(open({ url: 'redis://localhost' }), ConfigurationError);
    });

    it('speaks TLS by its URL', async function () {
      if (!mongo.server.tlsUrl) return skip(this, 'this server was started without TLS');
      const trusted = getCACertificates();
      const reasons: (string | undefined)[] = [];
      const opening = open({
        url: `${mongo.server.tlsUrl}hub?tls=true&serverSelectionTimeoutMS=500`,
        onWaiting: (reason) => reasons.push(reason),
      });
      await eventually('it is refused', () => reasons.length > 0);
      assert.match(String(reasons[0]), /NODE_EXTRA_CA_CERTS/);
      try {
        setDefaultCACertificates([...trusted, TEST_CERTIFICATE.cert]);
        await using store = await opening;
        assert.equal((await store.health()).status, 'pass');
      } finally {
        setDefaultCACertificates(trusted);
      }
    });
  });
});
