import assert from 'node:assert/strict';
import { RequestKeyTakenError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from '../../tests/servers/kurrentdb-double/double.ts';
import { logOn } from './testing/harness.ts';

const GIVE_UP_MS = 15_000;
const LEASE_MS = 4 * GIVE_UP_MS;

describe('request keys on KurrentDB, whose streams are written one at a time', () => {
  let double: KurrentDbDouble;
  before(async () => {
    double = await startKurrentDbDouble();
  });
  after(() => double[Symbol.asyncDispose]());

  /** A log in which a process claimed the key for an append to order-1, and died before it. */
  const afterDeathBetween = async () => {
    const clock = manualClock();
    const harness = await logOn(double.url, { clock, giveUpAfterMs: GIVE_UP_MS });
    const call = { ...appendOf('order-1'), requestKey: 'key' };
    const claim = { stream: 'order-1', revision: 0, eventId: call.events[0]?.id, atMs: clock.now() };
    double.log.append(`${harness.streamPrefix}request-key`, 'no-stream', [
      {
        id: crypto.randomUUID(),
        type: 'RequestKeyClaimed',
        contentType: 'application/json',
        data: Buffer.from(JSON.stringify(claim)),
        metadata: Buffer.from('{}'),
      },
    ]);
    return { harness, clock, call, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() };
  };

  it('belong to nobody when the append never happened', async () => {
    await using dead = await afterDeathBetween();
    assert.equal(await dead.harness.store.findRequest('key'), undefined);
  });

  it('serve the same call, or another for the same stream, at once after a death between claim and append', async () => {
    await using dead = await afterDeathBetween();
    assert.deepEqual(await dead.harness.store.append(dead.call), { revision: 0 });
    assert.equal(await dead.harness.store.findRequest('key'), 'order-1');
    await using other = await afterDeathBetween();
    assert.deepEqual(await other.harness.store.append({ ...appendOf('order-1'), requestKey: 'key' }), { revision: 0 });
    assert.equal(await other.harness.store.findRequest('key'), 'order-1');
  });

  it('make another stream wait while the append may still come, and refuse it when it came', async () => {
    await using dead = await afterDeathBetween();
    const { harness, clock, call } = dead;
    const second = harness.store.append({ ...appendOf('order-2'), requestKey: 'key' });
    await clock.sleeping(1);
    const slow = await harness.openAnother();
    await slow.append(call);
    const refused = assert.rejects(second, (error) => error instanceof RequestKeyTakenError && error.stream === 'order-1');
    await clock.advance(10);
    await refused;
    assert.deepEqual(await harness.store.readStream('order-2'), []);
  });

  it('ask another stream to come back when the append is under way for long, and are free once its writer has given up', async () => {
    await using dead = await afterDeathBetween();
    const { harness, clock } = dead;
    const impatient = assert.rejects(
      harness.store.append({ ...appendOf('order-2'), requestKey: 'key' }),
      (error) => error instanceof UnavailableError && error.code === 'HUB_REQUEST_KEY_PENDING' && error.retryable,
    );
    const over = new AbortController();
    void impatient.finally(() => over.abort());
    while (!over.signal.aborted) await clock.advance(10);
    await impatient;
    await clock.advance(LEASE_MS);
    assert.deepEqual(await harness.store.append({ ...appendOf('order-2'), requestKey: 'key' }), { revision: 0 });
    assert.equal(await harness.store.findRequest('key'), 'order-2');
    await assert.rejects(harness.store.append({ ...appendOf('order-3'), requestKey: 'key' }), RequestKeyTakenError);
    const streams = (await harness.store.readAll({ after: LOG_START, limit: 10 })).map(({ stream }) => stream);
    assert.deepEqual(streams, ['hub', 'order-2']);
  });

  it('survive lost replies to claim and append', async () => {
    await using harness = await logOn(double.url, { appendTimeoutMs: 100 });
    double.faults.lostReplies = 2;
    assert.deepEqual(await harness.store.append({ ...appendOf('order-1'), requestKey: 'key' }), { revision: 0 });
    assert.equal(await harness.store.findRequest('key'), 'order-1');
  });
});
