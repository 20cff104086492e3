import assert from 'node:assert/strict';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { AwkwardConnector } from '../connectors/testing/awkward-connector.ts';
import { ModelRuntime, ModelStore } from '../testing/model-runtime.ts';
import { BREAKER, MortalProcess, RETRY_DELAYS_MS } from '../testing/mortal-process.ts';
import { PARCEL_CONNECTOR } from '../testing/parcel-flow.ts';
import { runUntilQuiet } from '../testing/run-until-quiet.ts';

describe('delivering while a third party is away', () => {
  const setUp = async (duplicates: 'refused' | 'possible' = 'refused') => {
    const clock = manualClock();
    const runtime = new ModelRuntime(clock);
    const store = new ModelStore();
    const lookup = { lookup: 'immediate', lookupDelayMs: 0, settleMs: 1_000, timeoutMs: 30_000 } as const;
    const connector = new AwkwardConnector({ name: PARCEL_CONNECTOR, duplicates, ...lookup }, clock);
    const start = () => MortalProcess.start(runtime, store, connector);
    return { clock, runtime, store, connector, start, process: await start() };
  };
  const outage = (connector: AwkwardConnector, clock: { now(): number }, ms: number) => {
    const overAtMs = clock.now() + ms;
    return { onTurn: () => (connector.reachable = clock.now() >= overAtMs) };
  };

  for (const duplicates of ['refused', 'possible'] as const)
    it(`rejects nobody and uses up no attempts in an outage of a week (duplicates ${duplicates})`, async () => {
      const { clock, runtime, connector, process } = await setUp(duplicates);
      const streams = Array.from({ length: 20 }, (_, index) => runtime.post(`p${index}`));
      const weekMs = 7 * 24 * 3_600_000;
      const overAtMs = clock.now() + weekMs;
      connector.reachable = false;
      await runUntilQuiet(runtime, [process], {
        // Most of the week passes in one step; the sweep before it has opened the breaker.
        onTurn: (turn) => {
          if (turn === 60) void clock.advance(weekMs);
          connector.reachable = clock.now() >= overAtMs;
        },
      });
      for (const stream of streams) {
        assert.equal(runtime.state(stream).status, 'delivered');
        const failures = runtime.types(stream).filter((type) => type === 'failed').length;
        assert.ok(failures <= 1, `${failures} attempts spent`);
      }
      assert.equal(connector.effects.length, 20);
    });

  it('makes no call and reads nothing while the breaker is open', async () => {
    const { clock, runtime, connector, process } = await setUp();
    await process.context.breaker.openByHand('client:op', 'maintenance');
    for (let index = 0; index < 50; index += 1) runtime.post(`p${index}`);
    runtime.load = () => assert.fail('a stream was read');
    for (const hint of runtime.claimDue()) await process.handle(hint);
    assert.deepEqual(connector.calls, []);
    assert.equal(runtime.deferrals.length, 50);
    assert.equal(clock.sleepers, 0);
  });

  it('spends no attempt on a probe', async () => {
    const { clock, runtime, connector, process } = await setUp();
    const stream = runtime.post('p');
    await runUntilQuiet(runtime, [process], outage(connector, clock, 10 * 60_000));
    // Five failures opened it; ten minutes of probes every ten seconds came after.
    assert.equal(runtime.types(stream).filter((type) => type === 'failed').length, BREAKER.consecutiveFailures);
    assert.ok(connector.calls.length > 50, `${connector.calls.length} calls`);
    assert.equal(runtime.state(stream).status, 'delivered');
  });

  for (const act of ['misconfigured', 'unavailable'] as const)
    for (const duplicates of ['refused', 'possible'] as const)
      it(`lets nothing wait for one object that is answered "${act}" whenever it is tried, and gives that up in the end (duplicates ${duplicates})`, async () => {
        const { runtime, connector, process } = await setUp(duplicates);
        const poison = runtime.post('poison');
        connector.nextAct = (objectId) => (objectId === 'poison' ? { act } : { act: 'done' });
        const good: string[] = [];
        await runUntilQuiet(runtime, [process], {
          onTurn: (turn) => {
            if (turn % 5 === 0 && turn < 200) good.push(runtime.post(`good-${turn}`));
          },
        });
        for (const stream of good) assert.equal(runtime.state(stream).status, 'delivered');
        assert.equal(runtime.types(poison).at(-1), 'exhausted');
        const failures = runtime.types(poison).filter((type) => type === 'failed').length;
        // One that was written down needs an outcome, also while the breaker is open.
        assert.ok(failures >= RETRY_DELAYS_MS.length && failures < 3 * RETRY_DELAYS_MS.length, `${failures} attempts failed`);
      });

  it('names a wrong configuration, waits, and delivers once it is right', async () => {
    const { runtime, store, connector, process } = await setUp();
    const acts = Array.from({ length: 8 }, () => ({ act: 'misconfigured' as const }));
    connector.nextAct = () => acts.shift() ?? { act: 'done' };
    const stream = runtime.post('p');
    await runUntilQuiet(runtime, [process]);
    await process.context.breaker.settled();
    assert.deepEqual(runtime.types(stream), ['Posted', 'succeeded']);
    assert.deepEqual(
      store.streams.get(`breaker-${PARCEL_CONNECTOR}`)!.map(({ type, data }) => [type, data['cause']]),
      [
        ['BreakerOpened', 'misconfigured'],
        ['BreakerClosed', undefined],
      ],
    );
  });

  it('goes on where it was when the process is killed during the outage', async () => {
    const { clock, runtime, connector, process, start } = await setUp();
    const stream = runtime.post('p');
    connector.reachable = false;
    for (let turn = 0; turn < 40; turn += 1) {
      for (const hint of runtime.claimDue()) void process.handle(hint);
      await clock.advance(1_000);
    }
    const before = runtime.types(stream);
    assert.equal(process.context.breaker.state.state, 'open');
    const next = await start();
    assert.equal(next.context.breaker.state.state, 'open');
    await runUntilQuiet(runtime, [next], outage(connector, clock, 60_000));
    assert.deepEqual(runtime.types(stream), [...before, 'succeeded']);
  });
});
