import assert from 'node:assert/strict';
import { RevisionConflictError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { appendOf, event, range } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { LOG_START, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from '../../tests/servers/kurrentdb-double/double.ts';
import { logOn } from './testing/harness.ts';

/** gRPC status codes. */
const INTERNAL = 13;

describe('appends to KurrentDB when something goes wrong', () => {
  let double: KurrentDbDouble;
  beforeEach(async () => {
    double = await startKurrentDbDouble();
  });
  afterEach(() => double[Symbol.asyncDispose]());

  const open = () => logOn(double.url, { appendTimeoutMs: 200 });

  it('repeats an append whose reply was lost, with the same ids, so that it is written once', async () => {
    await using harness = await open();
    double.faults.lostReplies = 1;
    assert.deepEqual(await harness.store.append(appendOf('order-1', NO_STREAM, 3)), { revision: 2 });
    assert.equal((await harness.store.readStream('order-1')).length, 3);
    assert.deepEqual(await harness.store.append(appendOf('order-1', 2)), { revision: 3 });
  });

  it('repeats an append that the server never saw', async () => {
    await using harness = await open();
    double.faults.lostRequests = 2;
    assert.deepEqual(await harness.store.append(appendOf('order-1')), { revision: 0 });
  });

  it('gives an append up when it is never answered: 503, its outcome unknown, and the very same call goes on from there', async () => {
    await using harness = await logOn(double.url, { appendTimeoutMs: 300, giveUpAfterMs: 1_000 });
    const call = appendOf('order-1');
    double.faults.lostReplies = Number.POSITIVE_INFINITY;
    await assert.rejects(harness.store.append(call), (error) => error instanceof UnavailableError && error.retryable);
    double.faults.lostReplies = 0;
    assert.deepEqual(await harness.store.append(call), { revision: 0 });
    assert.equal((await harness.store.readStream('order-1')).length, 1);
  });

  it('takes a reply that comes after its repetition for nothing new', async () => {
    await using harness = await open();
    double.faults.delayedReplies = 1;
    double.faults.replyDelayMs = 260;
    await Promise.all(range(20).map((number) => harness.store.append(appendOf(`order-${number}`))));
    await eventually('the late reply is sent', () => double.calls['lateReply'] === 1);
    assert.deepEqual(await harness.store.append(appendOf('order-0', 0)), { revision: 1 });
    assert.equal((await harness.store.readStream('order-0')).length, 2);
  });

  it('asks the server for no list of what it can do, so that neither its silence nor its failure matters', async () => {
    for (const state of ['silent', 'failing'] as const) {
      double.faults.serverFeatures = state;
      await using harness = await open();
      assert.deepEqual(await harness.store.append(appendOf('order-1')), { revision: 0 });
    }
    assert.equal(double.calls['serverFeatures'], undefined);
  });

  it('replaces the client behind a failure that it would not recover from by itself', async () => {
    await using harness = await open();
    await harness.store.append(appendOf('order-1'));
    double.faults.failures.push({ code: INTERNAL, details: 'injected' });
    assert.deepEqual(await harness.store.append(appendOf('order-1', 0)), { revision: 1 });
    assert.equal(double.calls['batchAppend'], 2);
  });

  it('tells of conflicts, whatever the URL says about throwing', async () => {
    await using harness = await logOn(`${double.url}&throwOnAppendFailure=false`);
    await harness.store.append(appendOf('order-1', NO_STREAM, 3));
    await assert.rejects(harness.store.append(appendOf('order-1', 1)), { expected: 1, actual: 2 });
  });

  it('refuses data that JSON cannot hold at once, and goes on', async () => {
    await using harness = await open();
    const unwritable = event('Noted', { amount: 1n as never });
    await assert.rejects(harness.store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [unwritable] }), TypeError);
    assert.deepEqual(await harness.store.append(appendOf('order-1')), { revision: 0 });
  });

  it('asks again where the leader is when it met another node', async () => {
    await using harness = await open();
    double.faults.notLeader = 1;
    assert.deepEqual(await harness.store.append(appendOf('order-1')), { revision: 0 });
    double.faults.notLeader = 1;
    assert.deepEqual(await harness.store.append(appendOf('order-1', 0)), { revision: 1 });
  });

  it('reads where the leader is: another node may be behind', async () => {
    await using harness = await open();
    await harness.store.append(appendOf('order-1'));
    for (const read of [() => harness.store.lastPosition(), () => harness.store.readStream('order-1')]) {
      double.faults.notLeader = 1;
      assert.ok(await read());
      assert.equal(double.faults.notLeader, 0, 'the call asked for the leader');
    }
  });

  it('waits for a server that is busy', async () => {
    await using harness = await open();
    double.faults.busy = 3;
    assert.deepEqual(await harness.store.append(appendOf('order-1')), { revision: 0 });
    assert.equal(double.calls['batchAppend'], 1, 'on the same connection');
  });

  it('waits for a server that is away, and says so when it stays away', async () => {
    await using harness = await logOn(double.url, { giveUpAfterMs: 400 });
    double.kill();
    await assert.rejects(
      harness.store.append(appendOf('order-1')),
      (error) => error instanceof UnavailableError && /14 UNAVAILABLE/.test(error.message),
    );
    const waiting = harness.store.append(appendOf('order-2'));
    await double.restart();
    assert.deepEqual(await waiting, { revision: 0 });
  });

  it('loses and doubles nothing when connections are cut while many append', async () => {
    await using harness = await logOn(double.url, { appendTimeoutMs: 2_000 });
    const { store } = harness;
    let appended = 0;
    const writer = async (number: number) => {
      for (const round of range(40)) {
        await store.append(appendOf(`order-${number}`, round - 1));
        appended += 1;
      }
    };
    const writing = Promise.all(range(16).map(writer));
    for (const cut of range(5)) {
      await eventually('appending goes on', () => appended > 100 * cut);
      await double.dropConnections();
    }
    await writing;
    assert.equal((await store.readAll({ after: LOG_START, limit: 10_000 })).length, 1 + 16 * 40);
  });

  it('lets one of two stores in a process lose its server without harm to the other', async () => {
    await using other = await startKurrentDbDouble();
    await using broken = await logOn(other.url, { giveUpAfterMs: 300 });
    await using harness = await open();
    double.faults.delayedReplies = 1;
    double.faults.replyDelayMs = 100;
    other.faults.lostReplies = Number.POSITIVE_INFINITY;
    const lost = assert.rejects(broken.store.append(appendOf('order-1')), UnavailableError);
    const kept = harness.store.append(appendOf('order-1'));
    other.kill();
    assert.deepEqual(await kept, { revision: 0 });
    await lost;
  });

  it('says what it is when known ids are appended at a stale revision: a repetition only where they stand', async () => {
    await using harness = await open();
    const { store } = harness;
    const call = appendOf('order-1', NO_STREAM, 2);
    await store.append(call);
    await store.append(appendOf('order-1', 1));
    // What the server itself would say: success, although the stream is two events further.
    const stale = double.log.append(`${harness.streamPrefix}order-1`, 'no-stream', [
      { id: call.events[0]?.id ?? '', type: 'Else', contentType: 'application/json', data: new Uint8Array(), metadata: new Uint8Array() },
    ]);
    assert.deepEqual([stale.kind, double.log.stream(`${harness.streamPrefix}order-1`).length], ['written', 3]);
    assert.deepEqual(await store.append(call), { revision: 1 });
    await assert.rejects(store.append({ ...call, expectedRevision: 1 }), RevisionConflictError);
    await assert.rejects(store.append({ ...call, expectedRevision: 0 }), RevisionConflictError);
  });
});
