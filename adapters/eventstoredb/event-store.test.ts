import assert from 'node:assert/strict';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { chainHash, chainStart } from '@sagahub/contracts/event-codec.ts';
import { eventStoreContract } from '@sagahub/contracts/ports/event-store.contract.ts';
import { appendOf, event } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { LOG_START, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from '../../tests/servers/kurrentdb-double/double.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { systemClock } from '../process/clock.ts';
import { openEventStoreDb } from './event-store.ts';
import { logOn } from './testing/harness.ts';

const REAL_SERVER = process.env['HUB_TEST_KURRENTDB_URL'];
if (REAL_SERVER) eventStoreContract('KurrentDB', () => logOn(REAL_SERVER));

describe('event store on the KurrentDB double', () => {
  let double: KurrentDbDouble;
  before(async () => {
    double = await startKurrentDbDouble();
  });
  after(() => double[Symbol.asyncDispose]());

  // A tenth of what others hold: the double is not there to be fast.
  eventStoreContract('double of KurrentDB', () => logOn(double.url), { many: 1_000 });

  it('keeps claims of request keys and the streams of the server and of others out of the log', async () => {
    await using harness = await logOn(double.url);
    const { store, streamPrefix } = harness;
    const foreign = EventStoreDBClient.connectionString(double.url);
    const write = (stream: string) => foreign.appendToStream(stream, jsonEvent({ type: 'Foreign', data: {} }));
    await store.append({ ...appendOf('order-1'), requestKey: 'key' });
    for (const stream of ['$settings', `$$${streamPrefix}order-1`, 'order-2', `${streamPrefix}$x`]) await write(stream);
    await store.append(appendOf('order-3'));
    const streams = (await store.readAll({ after: LOG_START, limit: 100 })).map(({ stream }) => stream);
    assert.deepEqual(streams, ['hub', 'order-1', 'order-3']);
    assert.equal((await store.readRaw({ after: LOG_START, limit: 100 })).length, 3);
    const delivered: string[] = [];
    const subscription = store.subscribe({ after: LOG_START, onEvents: (events) => void delivered.push(...events.map((e) => e.stream)) });
    const end = await store.lastPosition();
    await eventually('all is delivered', () => subscription.position >= end);
    assert.deepEqual(delivered, streams);
    await foreign.dispose();
  });

  it('shows an event that somebody else wrote into a stream of the log to the audit, and hands it to nobody', async () => {
    await using harness = await logOn(double.url);
    const { store, streamPrefix } = harness;
    await store.append(appendOf('order-1'));
    double.log.append(`${streamPrefix}order-1`, 'any', [
      { id: crypto.randomUUID(), type: 'Smuggled', contentType: 'application/json', data: Buffer.from('{}'), metadata: new Uint8Array() },
    ]);
    assert.deepEqual((await store.readStream('order-1')).length, 1);
    assert.deepEqual((await store.readAll({ after: LOG_START, limit: 10 })).length, 2);
    const raw = await store.readRaw({ after: LOG_START, limit: 10, stream: 'order-1' });
    assert.deepEqual(
      raw.map(({ revision, hash }) => [revision, hash === '']),
      [
        [0, false],
        [1, true],
      ],
    );
    await assert.rejects(store.append(appendOf('order-1', 1)), /was not written by the hub/);
  });

  it('lets the audit see that a stream was truncated or deleted on the server', async () => {
    await using harness = await logOn(double.url);
    const { store, streamPrefix } = harness;
    await store.append(appendOf('order-1', NO_STREAM, 4));
    double.log.truncate(`${streamPrefix}order-1`, 2);
    const revisions = async () => (await store.readRaw({ after: LOG_START, limit: 10, stream: 'order-1' })).map(({ revision }) => revision);
    assert.deepEqual(await revisions(), [2, 3]);
    assert.deepEqual(await store.append(appendOf('order-1', 3)), { revision: 4 });
    double.log.delete(`${streamPrefix}order-1`);
    assert.deepEqual(await revisions(), []);
    const reopened = await harness.reopen();
    await assert.rejects(reopened.append(appendOf('order-1')), /was deleted on the server/);
    double.log.tombstone(`${streamPrefix}order-2`);
    await assert.rejects(reopened.append(appendOf('order-2')), /was deleted on the server/);
  });

  it('chains a stream rightly behind events that another process appended', async () => {
    await using harness = await logOn(double.url);
    const other = await harness.openAnother();
    await harness.store.append(appendOf('order-1'));
    await other.append(appendOf('order-1', 0));
    await harness.store.append(appendOf('order-1', 1));
    const rows = await other.readRaw({ after: LOG_START, limit: 10, stream: 'order-1' });
    assert.deepEqual(await harness.store.readRaw({ after: LOG_START, limit: 10, stream: 'order-1' }), rows);
    assert.equal(
      rows.reduce((hash, { bytes }) => chainHash(hash, bytes), chainStart('order-1')),
      rows.at(-1)?.hash,
    );
  });

  it('does not chain to what it sent when the server took the ids for known', async () => {
    await using harness = await logOn(double.url);
    const first = event('Noted', { text: 'as stored' });
    await harness.store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [first] });
    const reopened = await harness.reopen(); // a process that has not seen the stream
    await reopened.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [{ ...first, data: { text: 'other bytes' } }] });
    await reopened.append(appendOf('order-1', 0));
    const [one, two] = await reopened.readRaw({ after: LOG_START, limit: 10, stream: 'order-1' });
    assert.equal(two?.hash, chainHash(chainHash(chainStart('order-1'), one?.bytes ?? ''), two?.bytes ?? ''));
  });

  it('begins one log, whoever of many processes is first', async () => {
    await using harness = await logOn(double.url, { streamPrefix: `race-${crypto.randomUUID()}.` });
    const stores = await Promise.all([1, 2, 3, 4].map(() => harness.openAnother({ streamPrefix: `race-${process.pid}.` })));
    assert.equal(new Set(stores.map(({ logId }) => logId)).size, 1);
  });

  it('refuses a position that is none as a fault of the caller', async () => {
    await using harness = await logOn(double.url);
    await harness.store.append(appendOf('order-1'));
    const end = await harness.store.lastPosition();
    await assert.rejects(harness.store.readAll({ after: end - 1n, limit: 1 }), { code: 'HUB_INVALID_PARAMETER' });
  });

  it('refuses to open a log that begins with something else', async () => {
    const streamPrefix = `damaged-${crypto.randomUUID()}.`;
    double.log.append(`${streamPrefix}hub`, 'no-stream', [
      { id: crypto.randomUUID(), type: 'Other', contentType: 'application/json', data: Buffer.from('{}'), metadata: new Uint8Array() },
    ]);
    await assert.rejects(logOn(double.url, { streamPrefix }), ConfigurationError);
  });

  it('tells readiness how it is, within two seconds, and never the password', async () => {
    await using own = await startKurrentDbDouble();
    await using store = await openEventStoreDb({ url: own.url, clock: systemClock(), logger: silentTelemetry.logger });
    assert.deepEqual(await store.health(), { name: 'event-store:connection', status: 'pass' });
    own.kill();
    const { status, output } = await store.health();
    assert.equal(status, 'fail');
    assert.match(output ?? '', /KurrentDB at esdb:.*Check that it runs/);
  });

  it('says which server it cannot reach, without the password, and what to do', async () => {
    await assert.rejects(
      logOn('esdb://hub:secret@127.0.0.1:1?tls=true', { giveUpAfterMs: 100 }),
      (error: unknown) =>
        error instanceof UnavailableError &&
        /KurrentDB at esdb:\/\/hub:\*\*\*@127\.0\.0\.1:1\?tls=true does not answer.*Check that it runs/.test(error.message),
    );
  });
});
