import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AwkwardAct } from '../connectors/testing/awkward-connector.ts';
import { LATEST_MS, setUp, TIMEOUT_MS } from '../testing/awkward-delivery.ts';
import type { ModelRuntime } from '../testing/model-runtime.ts';
import { RETRY_DELAYS_MS } from '../testing/mortal-process.ts';
import { runUntilQuiet } from '../testing/run-until-quiet.ts';

describe('attempt protocol, whatever happens', () => {
  const act: fc.Arbitrary<AwkwardAct> = fc.oneof(
    fc.constantFrom<AwkwardAct>(
      { act: 'done' },
      { act: 'lost' },
      { act: 'never' },
      { act: 'unavailable' },
      { act: 'throws' },
      { act: 'misconfigured' },
      { act: 'pending' },
    ),
    fc.record({ act: fc.constant('late' as const), afterMs: fc.integer({ min: 0, max: TIMEOUT_MS + LATEST_MS }) }),
  );
  const scenario = fc.record({
    duplicates: fc.constantFrom('refused' as const, 'possible' as const),
    acts: fc.array(act, { maxLength: 8 }),
    refusesAtEnd: fc.boolean(),
    lookupFailures: fc.array(fc.boolean(), { maxLength: 6 }),
    /** Of each process in turn: at which crossing of its border it dies. The ones behind the last live on. */
    deaths: fc.array(fc.integer({ min: 1, max: 14 }), { maxLength: 5 }),
    processes: fc.integer({ min: 1, max: 2 }),
    cancelAtTurn: fc.option(fc.integer({ min: 0, max: 40 })),
  });

  /** Halted with the operator told why, and not before every attempt of the round had failed. */
  const assertCancellationUsedUp = (runtime: ModelRuntime, stream: string): void => {
    const { firstOfRound } = runtime.state(stream);
    const ofRound = runtime.events.get(stream)!.filter(({ data }) => data.operation === 'cancel' && data.attempt >= firstOfRound);
    const attempts = RETRY_DELAYS_MS.map((_, index) => ['failed', firstOfRound + index]);
    const last = firstOfRound + attempts.length;
    assert.deepEqual(
      ofRound.map(({ type, data }) => [type, data.attempt]),
      [...attempts, ['exhausted', last]],
    );
    const { inDoubt, reason, deadLetterId } = ofRound.at(-1)!.data;
    assert.deepEqual([inDoubt, reason], [true, 'busy']);
    assert.match(deadLetterId, /^[0-9a-f-]{36}$/);
  };

  it('there is at most one effect, and it is live exactly if the object says so', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ duplicates, acts, refusesAtEnd, lookupFailures, deaths, processes, cancelAtTurn }) => {
        const { clock, runtime, connector, start } = setUp({ duplicates });
        const script = [...acts];
        connector.nextAct = () => script.shift() ?? { act: refusesAtEnd && duplicates === 'possible' ? 'refused' : 'done' };
        const failures = [...lookupFailures];
        connector.nextLookupFails = () => failures.shift() ?? false;
        const lives = [...deaths];
        const next = () => start({ ...(lives.length > 0 && { diesAt: lives.shift()! }) });

        const stream = runtime.post('p');
        const running = await Promise.all(Array.from({ length: processes }, next));
        await runUntilQuiet(runtime, running, {
          restart: next,
          onTurn: (turn) => {
            const isOpen = ['submitting', 'stuck'].includes(runtime.state(stream).status);
            if (turn === cancelAtTurn && isOpen) void runtime.execute(stream, { type: 'Cancel' });
          },
        });
        await clock.advance(TIMEOUT_MS + LATEST_MS);
        if (runtime.state(stream).status === 'halted') {
          assertCancellationUsedUp(runtime, stream);
          // Whatever is there still is known or can be found: once the third party answers, repeating takes it back.
          await runtime.execute(stream, { type: 'Redrive' });
          await runUntilQuiet(runtime, [await start()]);
          assert.equal(runtime.state(stream).status, 'cancelled');
        }

        const { status, reference } = runtime.state(stream);
        const live = connector.live('p');
        assert.ok(connector.effects.length <= 1, `${connector.effects.length} effects`);
        if (status === 'delivered')
          assert.deepEqual(
            live.map((effect) => effect.reference),
            [reference],
          );
        else if (status !== 'stuck') assert.deepEqual([status, live.length], [status, 0]);
        assert.ok(['delivered', 'stuck', 'refused', 'cancelled'].includes(status), `ended as ${status}`);
      }),
      { numRuns: 400 },
    );
  });
});
