import assert from 'node:assert/strict';
import { ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Append, EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Hint, MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { ExternalCall, Flow } from '@sagahub/contracts/saga.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { HELD_LEASE_MS } from './held-hints.ts';
import { HINT_LEASE_MS } from './relay.ts';
import { StreamRuntime } from './runtime.ts';
import { type EngineBench, engineBench } from './testing/engine-bench.ts';
import { CARRIER_QUEUE, PARCEL_QUEUE, parcelFlow, type ParcelState } from './testing/parcel-flow.ts';
import { refuseMissingVersions } from './version-check.ts';

const context = { actor: 'test' };
const callOf = async (runtime: StreamRuntime, stream: string): Promise<ExternalCall> => {
  const { flow, state } = await runtime.load(stream);
  return flow.externalCall(state, 'pickup')!;
};
const reaches = (bench: EngineBench, stream: string, ...types: string[]) =>
  eventually(`${stream} reaches ${types.join()}`, async () => {
    await bench.clock.advance(100);
    return (await bench.typesOf(stream)).join() === types.join();
  });

describe('the saga engine', () => {
  it('finds new work in the log, decides it in one append and pins the version', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('1');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    const [, packed] = await bench.store.readStream(stream);
    assert.equal(packed!.metadata.sagaVersion, 1);
    assert.equal(packed!.metadata.correlationId, 'c-1');
    assert.equal(packed!.metadata.partnerId, 'acme');
  });

  it('decides again on a conflict, so that one of two contradicting commands wins', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('2');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    const returning = await Promise.all([1, 2, 3].map(() => bench.runtime.execute(stream, { type: 'Return' }, context)));
    assert.equal(returning.filter(({ events }) => events.length === 1).length, 1);
    assert.equal(returning.filter(({ events }) => events.length === 0).length, 2);
    assert.deepEqual(await bench.typesOf(stream), ['ParcelAnnounced', 'ParcelPacked', 'ParcelReturned']);
  });

  it('records a fact behind whatever came meanwhile, once', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('3');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    const call = await callOf(bench.runtime, stream);
    await bench.runtime.execute(stream, { type: 'Return' }, context);
    const answered = await Promise.all(
      [1, 2].map(() => bench.runtime.report(stream, call, { kind: 'succeeded', reference: 'T-1', alreadyThere: false }, context)),
    );
    assert.equal(answered.filter(Boolean).length, 1);
    assert.deepEqual((await bench.typesOf(stream)).slice(-2), ['ParcelReturned', 'ParcelShipped']);
  });

  it('reports what it read before without reading again, and behind what others recorded since', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('3b');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    const { store } = bench;
    let reads = 0;
    const counted = {
      append: (append: Append) => store.append(append),
      readStream: (...range: Parameters<EventStore['readStream']>) => ((reads += 1), store.readStream(...range)),
    } as EventStore;
    const elsewhere = new StreamRuntime([parcelFlow], { ...bench.runtime.ports, store: counted }, { soleWorker: false });
    const call = await callOf(elsewhere, stream);
    await elsewhere.report(stream, call, { kind: 'started' }, context);
    assert.equal(reads, 1);
    await bench.runtime.execute(stream, { type: 'Return' }, context);
    await elsewhere.report(stream, call, { kind: 'succeeded', reference: 'T-1', alreadyThere: false }, context);
    assert.deepEqual((await bench.typesOf(stream)).slice(-2), ['ParcelReturned', 'ParcelShipped']);
    assert.equal(reads, 2);
  });

  it('gives an attempt to one of two workers that saw the same revision', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('4');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    const call = await callOf(bench.runtime, stream);
    const { revision } = await bench.runtime.load(stream);
    const took = await Promise.all(
      [1, 2].map(() => bench.runtime.report(stream, call, { kind: 'started' }, { ...context, expectedRevision: revision })),
    );
    assert.equal(took.filter(Boolean).length, 1);
  });

  it('completes everything when every hint is lost', async () => {
    const deaf = (bus: MessageBus): MessageBus => {
      let lost = 0;
      return {
        ...bus,
        publish: (hints) => (lost++ < 20 ? Promise.resolve() : bus.publish(hints)),
        [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
      };
    };
    await using bench = await engineBench({ bus: deaf });
    const stream = await bench.announce('5');
    await eventually('the sweeper finds it', async () => {
      await bench.clock.advance(HINT_LEASE_MS);
      return (await bench.typesOf(stream)).length === 2;
    });
  });

  /** A bus that brings nothing, and counts what it is given. */
  const stuffed = (waiting: () => number) => {
    let hinted = 0;
    const bus = (inner: MessageBus): MessageBus => ({
      ...inner,
      publish: (hints) => Promise.resolve(void (hinted += hints.length)),
      backlog: () => Promise.resolve(waiting()),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    });
    return { bus, hinted: () => hinted };
  };

  it('takes hints that wait at the broker for waiting, and not for lost, the longer the more there are', async () => {
    let waiting = 10_000;
    const { bus, hinted } = stuffed(() => waiting);
    await using bench = await engineBench({ bus });
    const stream = await bench.announce('14');
    await eventually('it is hinted', () => hinted() === 1);
    await bench.clock.advance(HINT_LEASE_MS);
    await eventually('its lease is longer', async () => {
      const [row] = await bench.openWork.ofStream(stream);
      return row !== undefined && row.dueAtMs > bench.clock.now() + 3 * HINT_LEASE_MS;
    });
    assert.equal(hinted(), 1);
    waiting = 0;
    await eventually('the queue is empty, and it is hinted again', async () => {
      await bench.clock.advance(HELD_LEASE_MS);
      return hinted() >= 2;
    });
  });

  it('hints again soon what was lost while a few others happened to wait', async () => {
    let waiting = 5;
    const { bus, hinted } = stuffed(() => waiting);
    await using bench = await engineBench({ bus });
    const stream = await bench.announce('14');
    await eventually('it is hinted', () => hinted() === 1);
    const hintedAtMs = bench.clock.now();
    await bench.clock.advance(HINT_LEASE_MS);
    await eventually('its lease is longer', async () => (await bench.openWork.ofStream(stream))[0]!.dueAtMs > bench.clock.now());
    waiting = 0;
    await eventually('it is hinted again', async () => {
      await bench.clock.advance(100);
      return hinted() === 2;
    });
    assert.ok(bench.clock.now() - hintedAtMs < 2.5 * HINT_LEASE_MS, `after ${bench.clock.now() - hintedAtMs} ms`);
  });

  it('hints nobody about what a worker has in hand, however long', async () => {
    const packed = Promise.withResolvers<string>();
    let hinted = 0;
    const counting = (bus: MessageBus): MessageBus => ({
      ...bus,
      publish: (hints) => ((hinted += hints.length), bus.publish(hints)),
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    });
    await using bench = await engineBench({ bus: counting, participants: { packer: () => packed.promise } });
    const stream = await bench.announce('15');
    await eventually('it is hinted', () => hinted === 1);
    for (let second = 0; second < 120; second += 1) await bench.clock.advance(1_000);
    assert.equal(hinted, 1);
    packed.resolve('box');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
  });

  it('lets others have at once what waits in line in a process that stops', async () => {
    await using bench = await engineBench();
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    const held: string[] = [];
    const one = { concurrency: 1, perLane: 1 };
    await using stopping = await bench.runtime.work(CARRIER_QUEUE, { ...one, handle: ({ stream }) => (held.push(stream), promise) });
    using _inHand = { [Symbol.dispose]: finish };
    const streams = await Promise.all(['21', '22', '23'].map((name) => bench.announce(name)));
    const untilDue = async (stream: string) => ((await bench.openWork.ofStream(stream))[0]?.dueAtMs ?? 0) - bench.clock.now();
    await eventually('one is in hand, and two wait with a lease that was made to last', async () => {
      await bench.clock.advance(500);
      const left = await Promise.all(streams.map(untilDue));
      return held.length === 1 && left.every((ms) => ms > HINT_LEASE_MS);
    });
    const stopped = stopping[Symbol.asyncDispose]();
    const taken: string[] = [];
    await using _other = await bench.runtime.work(CARRIER_QUEUE, { ...one, handle: async ({ stream }) => void taken.push(stream) });
    const before = bench.clock.now();
    await eventually('the other one has what waited', async () => {
      await bench.clock.advance(100);
      assert.ok(bench.clock.now() - before < HINT_LEASE_MS, `after ${bench.clock.now() - before} ms it has ${taken.join() || 'nothing'}`);
      return new Set(taken).size === 2;
    });
    assert.ok(!taken.includes(held[0]!), 'what is in hand is nobody else’s yet');
    finish();
    await stopped;
  });

  it('brings hints that the bus could not take as soon as it can, and not only after the lease of a lost one', async () => {
    let away = false;
    let refused = 0;
    const leaving = (bus: MessageBus): MessageBus => ({
      ...bus,
      publish: (hints) => {
        if (!away) return bus.publish(hints);
        refused += 1;
        return Promise.reject(new UnavailableError('HUB_ENGINE_UNAVAILABLE', 'the broker is away'));
      },
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    });
    await using bench = await engineBench({ bus: leaving });
    const before = bench.clock.now();
    away = true;
    const streams = [await bench.announce('12')];
    await eventually('a hint is refused', () => refused > 0);
    streams.push(await bench.announce('13'));
    await eventually('the relay has seen both', async () => (await bench.openWork.stats(bench.clock.now()))[0]?.open === 2);
    away = false;
    for (const stream of streams) await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    assert.ok(bench.clock.now() - before < HINT_LEASE_MS, `it took ${bench.clock.now() - before} ms`);
  });

  it('gives the lead of the relay up when the broker has taken no hints for ten seconds: another process may reach it', async () => {
    let away = true;
    let terms = 0;
    const leaving = (bus: MessageBus): MessageBus => ({
      ...bus,
      publish: (hints) =>
        away ? Promise.reject(new UnavailableError('HUB_ENGINE_UNAVAILABLE', 'the broker is away')) : bus.publish(hints),
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    });
    await using bench = await engineBench({ bus: leaving, onLeading: () => (terms += 1) });
    const before = bench.clock.now();
    const stream = await bench.announce('14');
    await eventually('it leads once more', async () => {
      await bench.clock.advance(500);
      return terms === 2;
    });
    const tookMs = bench.clock.now() - before;
    assert.ok(tookMs >= 10_000 && tookMs < 20_000, `after ${tookMs} ms`);
    away = false;
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
  });

  it('records a handler that throws, retries it with growing delays, then leaves it to an operator, who can have it retried', async () => {
    let healthy = false;
    const packer = () => (healthy ? Promise.resolve('box') : Promise.reject(new TypeError('no tape')));
    await using bench = await engineBench({ participants: { packer } });
    const stream = await bench.announce('6');
    await eventually('the engine gives up', async () => {
      await bench.clock.advance(5_000);
      return (await bench.openWork.ofStream(stream)).some(({ queue }) => queue === 'operator');
    });
    const faults = (await bench.store.readStream(stream)).filter(({ type }) => type === 'StepFaulted');
    assert.equal(faults.length, 7);
    assert.match(JSON.stringify(faults[0]!.data), /no tape/);
    assert.equal(faults.at(-1)!.data['nextAt'], undefined);
    assert.equal((await bench.runtime.settled(stream, 0, new AbortController().signal)).revision, 7);

    healthy = true;
    await bench.runtime.execute(stream, { type: 'RetryStep', by: 'operator', reason: 'bought tape' }, context);
    await eventually('it is packed', async () => {
      await bench.clock.advance(100);
      return (await bench.typesOf(stream)).at(-1) === 'ParcelPacked';
    });
    await assert.rejects(bench.runtime.execute(stream, { type: 'RetryStep', by: 'operator', reason: 'again' }, context), {
      code: 'HUB_NOTHING_TO_RETRY',
    });
  });

  it('counts the failures of each step, so that two that fail in turn do not go on for ever', async () => {
    const outOfInk = () => {
      throw new TypeError('out of ink');
    };
    const v1 = parcelFlow.versions[1]!;
    const reminding: Flow<ParcelState> = {
      ...parcelFlow,
      versions: { 1: { ...v1, decide: (state, input) => (input.step === 'remind' ? outOfInk() : v1.decide(state, input)) } },
      pending: (state) =>
        parcelFlow
          .pending(state)
          .flatMap((row) => (row.step === 'pickup' ? [row, { ...row, step: 'remind', queue: PARCEL_QUEUE }] : [row])),
    };
    await using bench = await engineBench({ flow: reminding, pickUp: () => Promise.reject(new TypeError('flat tyre')) });
    const stream = await bench.announce('12');
    await eventually('the engine gives up', async () => {
      await bench.clock.advance(5_000);
      return (await bench.openWork.ofStream(stream)).some(({ queue }) => queue === 'operator');
    });
    const faults = (await bench.store.readStream(stream)).filter(({ type }) => type === 'StepFaulted');
    const attempts = (step: string) => faults.filter(({ data }) => data['step'] === step).map(({ data }) => data['attempt']);
    assert.deepEqual(attempts('remind').slice(0, 6), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(attempts('pickup').slice(0, 6), [1, 2, 3, 4, 5, 6]);
    assert.equal(faults.filter(({ data }) => data['nextAt'] === undefined).length, 1);
  });

  it('records no fault of a handler that throws when its step is done already', async () => {
    const pickUp = async (hint: Hint, runtime: StreamRuntime) => {
      const call = await callOf(runtime, hint.stream);
      await runtime.report(hint.stream, call, { kind: 'succeeded', reference: 'T-1', alreadyThere: false }, context);
      thrown = true;
      throw new TypeError('too late to matter');
    };
    let thrown = false;
    await using bench = await engineBench({ pickUp });
    const stream = await bench.announce('11');
    await eventually('the handler throws', async () => {
      await bench.clock.advance(100);
      return thrown;
    });
    for (let i = 0; i < 5; i++) await bench.clock.advance(1_000);
    assert.deepEqual(await bench.typesOf(stream), ['ParcelAnnounced', 'ParcelPacked', 'ParcelShipped']);
  });

  it('spends no attempt and records no fault on an outage of its own', async () => {
    let away = true;
    const packer = () => (away ? Promise.reject(new UnavailableError('HUB_STORAGE_FULL', 'full')) : Promise.resolve('box'));
    await using bench = await engineBench({ participants: { packer } });
    const stream = await bench.announce('7');
    for (let i = 0; i < 20; i++) await bench.clock.advance(1_000);
    assert.deepEqual(await bench.typesOf(stream), ['ParcelAnnounced']);
    away = false;
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
  });

  it('answers a waiting request as soon as the object has ended', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('8');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    const waiting = bench.runtime.settled(stream, 60_000, new AbortController().signal);
    await bench.runtime.execute(stream, { type: 'Return' }, context);
    assert.equal((await waiting).flow.stateName((await waiting).state), 'returned');
  });

  it('takes up work again that a stopped process had been hinted at', async () => {
    await using bench = await engineBench();
    const stream = await bench.announce('9');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    await eventually('the relay has seen it', async () => (await bench.openWork.ofStream(stream)).some(({ step }) => step === 'pickup'));
    const seen = Promise.withResolvers<string>();
    await using _worker = await bench.runtime.work('outbound.carrier', {
      concurrency: 1,
      perLane: 1,
      handle: async (hint) => seen.resolve(hint.stream),
    });
    await bench.clock.advance(200);
    assert.equal(await seen.promise, stream);
  });

  it('leaves work due whose saga version it lacks, and refuses to start with it', async () => {
    const versionTwo = {
      ...parcelFlow,
      pinnedVersion: (state: ParcelState) => (state.status === 'packed' ? 2 : parcelFlow.pinnedVersion(state)),
    };
    await using bench = await engineBench({ flow: versionTwo, pickUp: (hint, runtime) => runtime.decide(hint, {}) });
    const stream = await bench.announce('10');
    await reaches(bench, stream, 'ParcelAnnounced', 'ParcelPacked');
    for (let i = 0; i < 10; i++) await bench.clock.advance(1_000);
    assert.deepEqual(await bench.typesOf(stream), ['ParcelAnnounced', 'ParcelPacked']);
    await assert.rejects(refuseMissingVersions([parcelFlow], bench.openWork), (error: unknown) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, /1 objects in flight need version 2 of the saga parcel/);
      return true;
    });
  });
});
