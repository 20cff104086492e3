import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AppendTooLargeError, RequestKeyTakenError, RevisionConflictError } from '../errors.ts';
import { encodeEvent } from '../event-codec.ts';
import { newId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { appendOf, event, NOON, type OpenHarness, range, readLog } from './event-store-harness.contract.ts';
import { MAX_APPEND_BYTES, NO_STREAM } from './event-store.ts';

export const appendContract = (open: OpenHarness) => {
  concurrencyContract(open);
  repetitionContract(open);
  requestKeyContract(open);
  contentContract(open);
};

const concurrencyContract = (open: OpenHarness) => {
  it('lets exactly one of eight concurrent first writers win', async () => {
    await using harness = await open();
    const { store } = harness;
    const tries = await Promise.allSettled(range(8).map(() => store.append(appendOf('order-1'))));
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const lost of tries) if (lost.status === 'rejected') assert.ok(lost.reason instanceof RevisionConflictError);
    assert.equal((await store.readStream('order-1')).length, 1);
  });

  it('never lets two different appends at one revision both succeed', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append(appendOf('order-1'));
    const won: string[] = [];
    const writer = async () => {
      while (won.length < 60) {
        const revision = (await store.readStream('order-1')).length - 1;
        const append = appendOf('order-1', revision, 2);
        const [outcome] = await Promise.allSettled([store.append(append)]);
        if (outcome.status === 'fulfilled') {
          assert.equal(outcome.value.revision, revision + 2);
          won.push(...append.events.map(({ id }) => id));
        } else assert.ok(outcome.reason instanceof RevisionConflictError);
      }
    };
    await Promise.all(range(4).map(writer));
    const stored = await store.readStream('order-1');
    assert.deepEqual(new Set(stored.slice(1).map(({ id }) => id)), new Set(won));
    assert.deepEqual(
      stored.map(({ revision }) => revision),
      range(stored.length),
    );
  });

  it('says in a conflict where the stream is', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append(appendOf('order-1', NO_STREAM, 3));
    await assert.rejects(store.append(appendOf('order-1', 0)), {
      code: 'HUB_REVISION_CONFLICT',
      expected: 0,
      actual: 2,
      stream: 'order-1',
    });
    await assert.rejects(store.append(appendOf('order-1', 7)), { expected: 7, actual: 2 });
    await assert.rejects(store.append(appendOf('order-2', 0)), { expected: 0, actual: NO_STREAM });
    assert.equal((await readLog(store)).length, 3);
  });

  it('settles many appends each on its own, in order, around one conflict', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append(appendOf('order-5'));
    const settled = await store.appendMany(range(10).map((number) => appendOf(`order-${number}`, NO_STREAM, 1 + (number % 3))));
    assert.deepEqual(
      settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.revision : (outcome.reason as Error).constructor)),
      range(10).map((number) => (number === 5 ? RevisionConflictError : number % 3)),
    );
    assert.equal((await store.readStream('order-5')).length, 1);
  });

  it('takes appends to one stream that are made one behind the other without waiting', async () => {
    await using harness = await open();
    const { store } = harness;
    const settled = await store.appendMany([
      appendOf('order-1'),
      appendOf('order-1', 0, 2),
      appendOf('order-1', 1),
      appendOf('order-1', 2),
    ]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal((await store.readStream('order-1')).length, 4);
  });
};

const repetitionContract = (open: OpenHarness) => {
  it('answers the very same call with its first result: at once, later, behind other events, after a restart', async () => {
    await using harness = await open();
    const { store } = harness;
    const call = appendOf('order-1', NO_STREAM, 3);
    const twice = await Promise.all([store.append(call), store.append(call)]);
    assert.deepEqual(twice, [{ revision: 2 }, { revision: 2 }]);
    assert.deepEqual(await store.append(call), { revision: 2 });
    await store.append(appendOf('order-1', 2, 2));
    assert.deepEqual(await store.append(call), { revision: 2 });
    const reopened = await harness.reopen();
    assert.deepEqual(await reopened.append(call), { revision: 2 });
    assert.equal((await reopened.readStream('order-1')).length, 5);
  });

  it('takes a call for a repetition only if all its events are there, in place', async () => {
    await using harness = await open();
    const { store } = harness;
    const call = appendOf('order-1', NO_STREAM, 2);
    await store.append(call);
    const [first, second] = call.events as [(typeof call.events)[0], (typeof call.events)[0]];
    for (const events of [[first, second, event()], [second, first], [first, event()], [{ ...first, id: newId() }]])
      await assert.rejects(store.append({ ...call, events }), RevisionConflictError);
    await assert.rejects(store.append({ ...call, expectedRevision: 0 }), RevisionConflictError);
    assert.equal((await store.readStream('order-1')).length, 2);
  });
};

const requestKeyContract = (open: OpenHarness) => {
  it('gives a request key to one stream and refuses it to every other, writing nothing', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append({ ...appendOf('order-1'), requestKey: 'key-1' });
    await assert.rejects(
      store.append({ ...appendOf('order-2'), requestKey: 'key-1' }),
      (error) => error instanceof RequestKeyTakenError && error.stream === 'order-1',
    );
    assert.deepEqual(await store.readStream('order-2'), []);
    await store.append({ ...appendOf('order-1', 0), requestKey: 'key-1' });
    await store.append({ ...appendOf('order-1', 1), requestKey: 'key-2' });
    const reopened = await harness.reopen();
    assert.equal(await reopened.findRequest('key-1'), 'order-1');
    assert.equal(await reopened.findRequest('key-2'), 'order-1');
    assert.equal(await reopened.findRequest('key-3'), undefined);
  });

  it('gives a request key that many streams race for to exactly one', async () => {
    await using harness = await open();
    const { store } = harness;
    const settled = await store.appendMany(range(8).map((number) => ({ ...appendOf(`order-${number}`), requestKey: 'key' })));
    const winners = range(8).filter((number) => settled[number]?.status === 'fulfilled');
    assert.equal(winners.length, 1);
    assert.equal(await store.findRequest('key'), `order-${winners[0]}`);
    assert.equal((await readLog(store)).length, 1);
  });

  it('claims no request key with an append that fails', async () => {
    await using harness = await open();
    const { store } = harness;
    await store.append(appendOf('order-1'));
    await assert.rejects(store.append({ ...appendOf('order-1'), requestKey: 'key' }), RevisionConflictError);
    assert.equal(await store.findRequest('key'), undefined);
    await store.append({ ...appendOf('order-2'), requestKey: 'key' });
    assert.equal(await store.findRequest('key'), 'order-2');
  });
};

const contentContract = (open: OpenHarness) => {
  it('gives back any data as it was, whatever the script, and integers of any size as strings', async () => {
    await using harness = await open();
    const { store } = harness;
    let expectedRevision = NO_STREAM;
    const content = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.jsonValue(), fc.bigInt().map(String)), {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(content, async (data) => {
        const exact = JSON.parse(JSON.stringify(data)) as JsonObject;
        await store.append({ stream: 'order-1', expectedRevision, events: [event('Noted', exact)] });
        expectedRevision += 1;
        const [stored] = await store.readStream('order-1', { from: expectedRevision });
        assert.deepEqual(stored?.data, exact);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps every member of an event', async () => {
    await using harness = await open();
    const { store } = harness;
    const full = {
      ...event('OrderReceived', { amount: '9007199254740993', name: 'Zoë 上海 🚢 \u0000 \u2028' }),
      private: { keyId: 'subject:p:1', nonce: 'AAAAAAAAAAAAAAAA', sealed: 'c2VhbGVk' },
      metadata: {
        time: NOON,
        correlationId: 'c-1',
        causationId: newId(),
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        partnerId: 'acme',
        actor: 'client:demo',
        schemaVersion: 2,
        sagaVersion: 3,
      },
    };
    await store.append({ stream: 'order-Zoë', expectedRevision: NO_STREAM, events: [full] });
    const [stored] = await (await harness.reopen()).readStream('order-Zoë');
    assert.ok(stored);
    const { stream, revision, position, hash, ...rest } = stored;
    assert.deepEqual(rest, full);
    assert.equal(stream, 'order-Zoë');
    assert.equal(revision, 0);
    assert.equal(typeof position, 'bigint');
    assert.match(hash, /^[0-9a-f]{64}$/);
  });

  it('takes an append of 900 KiB and refuses one of a byte more, writing nothing', async () => {
    await using harness = await open();
    const { store } = harness;
    const empty = event('Noted', { filling: '' });
    const room = MAX_APPEND_BYTES - Buffer.byteLength(encodeEvent(empty));
    const filled = (filling: string) => ({ ...empty, data: { filling } });
    const append = (stream: string, filling: string) => store.append({ stream, expectedRevision: NO_STREAM, events: [filled(filling)] });
    await append('order-1', 'x'.repeat(room));
    await append('order-2', `${'€'.repeat(Math.floor(room / 3))}${'x'.repeat(room % 3)}`);
    await assert.rejects(append('order-3', 'x'.repeat(room + 1)), AppendTooLargeError);
    await assert.rejects(append('order-3', '€'.repeat(Math.floor(room / 3) + 1)), AppendTooLargeError);
    assert.deepEqual(await store.readStream('order-3'), []);
    const [large] = await store.readStream('order-2');
    assert.equal(Buffer.byteLength(JSON.stringify(large?.data)), room + '{"filling":""}'.length);
  });

  it('counts all events of an append towards the bound', async () => {
    await using harness = await open();
    const { store } = harness;
    const third = () => event('Noted', { filling: 'x'.repeat(MAX_APPEND_BYTES / 3) });
    await assert.rejects(
      store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [third(), third(), third()] }),
      AppendTooLargeError,
    );
    await store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [third(), third()] });
  });

  it('refuses an append of nothing', async () => {
    await using harness = await open();
    await assert.rejects(harness.store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: [] }), TypeError);
  });

  it('raises a time that would go back within its stream, there alone', async () => {
    await using harness = await open();
    const { store } = harness;
    const at = (...times: string[]) => times.map((time) => event('Noted', {}, `2026-11-20T${time}:00.000Z`));
    await store.append({ stream: 'order-1', expectedRevision: NO_STREAM, events: at('10:00', '09:00', '11:00') });
    await store.append({ stream: 'order-1', expectedRevision: 2, events: at('10:30') });
    await store.append({ stream: 'order-2', expectedRevision: NO_STREAM, events: at('08:00') });
    const reopened = await harness.reopen();
    await reopened.append({ stream: 'order-1', expectedRevision: 3, events: at('07:00', '12:00') });
    const times = async (stream: string) => (await reopened.readStream(stream)).map(({ metadata }) => metadata.time.slice(11, 16));
    assert.deepEqual(await times('order-1'), ['10:00', '10:00', '11:00', '11:00', '11:00', '12:00']);
    assert.deepEqual(await times('order-2'), ['08:00']);
  });
};
