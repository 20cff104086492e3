import assert from 'node:assert/strict';
import type { AwkwardAct } from '../connectors/testing/awkward-connector.ts';
import { AWKWARD, setUp, TIMEOUT_MS } from '../testing/awkward-delivery.ts';
import { runUntilQuiet } from '../testing/run-until-quiet.ts';

describe('attempt protocol', () => {
  describe('where duplicates are possible', () => {
    it('writes the attempt down before it calls', async () => {
      const { runtime, connector, start } = setUp();
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      assert.deepEqual(runtime.types(stream), ['Posted', 'started', 'succeeded']);
      assert.deepEqual(connector.calls, ['submit']);
    });

    it('lets only one of two processes call', async () => {
      const { runtime, connector, start } = setUp();
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start(), await start()]);
      assert.equal(runtime.state(stream).status, 'delivered');
      assert.deepEqual(connector.calls, ['submit']);
    });

    it('writes the attempt down only at the revision it has read, and reads again when something else was recorded', async () => {
      const { runtime, connector, start } = setUp();
      const stream = runtime.post('p');
      const process = await start();
      const report = process.context.runtime.report.bind(process.context.runtime);
      const started: (number | undefined)[] = [];
      process.context.runtime.report = async (...args) => {
        if (args[2].kind !== 'started') return report(...args);
        started.push(args[3].expectedRevision);
        if (started.length === 1) runtime.note(stream);
        return report(...args);
      };
      await runUntilQuiet(runtime, [process]);
      assert.deepEqual(started, [0, 1]);
      assert.deepEqual(runtime.types(stream), ['Posted', 'Noted', 'started', 'succeeded']);
      assert.deepEqual(connector.calls, ['submit']);
    });

    it('finds by look-up what a lost answer left behind, instead of calling again', async () => {
      const { runtime, connector, start } = setUp({}, ['lost']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      assert.deepEqual([runtime.state(stream).status, runtime.state(stream).reference], ['delivered', 'A-1']);
      assert.equal(connector.calls.filter((call) => call === 'submit').length, 1);
    });

    it('calls again only when "none found" is proof: the time limit and the settling time have passed', async () => {
      const { clock, runtime, connector, start } = setUp({}, ['never', 'done']);
      const startedAtMs = clock.now();
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      const second = runtime.events.get(stream)!.findLast(({ type }) => type === 'started')!;
      assert.equal(Date.parse(second.time) - startedAtMs, TIMEOUT_MS + AWKWARD.settleMs);
      assert.equal(connector.effects.length, 1);
    });

    it('waits for an order that is made after the caller gave up', async () => {
      const { runtime, connector, start } = setUp({}, ['late']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.state(stream).status, 'delivered');
      assert.deepEqual([connector.effects.length, connector.calls.filter((call) => call === 'submit').length], [1, 1]);
    });

    it('hands over to an operator when there is no look-up, and never calls a second time', async () => {
      const { runtime, connector, start } = setUp({ lookup: 'none' }, ['never']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.state(stream).status, 'stuck');
      assert.deepEqual(connector.calls, ['submit']);
      const { data } = runtime.events.get(stream)!.at(-1)!;
      assert.deepEqual([data.kind, data.inDoubt], ['exhausted', true]);
    });

    it('hands over to an operator when the third party has it more than once', async () => {
      const { clock, runtime, connector, start } = setUp({}, ['lost']);
      const stream = runtime.post('p');
      connector.effects.push({ objectId: 'p', reference: 'BY-HAND', madeAtMs: clock.now(), live: true });
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.state(stream).status, 'stuck');
      assert.match(runtime.events.get(stream)!.at(-1)!.data.reason, /erp has it 2 times: BY-HAND, A-2/);
    });

    it('does not make again what somebody cancelled at the third party', async () => {
      const { runtime, connector, start } = setUp({}, ['lost']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()], {
        onTurn: () => {
          for (const effect of connector.effects) effect.live = false;
        },
      });
      assert.equal(runtime.state(stream).status, 'stuck');
      assert.match(runtime.events.get(stream)!.at(-1)!.data.reason, /was cancelled at erp: A-1/);
    });

    it('gives up when attempts are used up, with nothing in doubt and the same dead letter however often it is told', async () => {
      const { runtime, start, connector } = setUp({}, ['unavailable', 'unavailable']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start({ delaysMs: [1_000] })]);
      const { data } = runtime.events.get(stream)!.at(-1)!;
      assert.deepEqual([data.kind, data.inDoubt, data.reason, data.status], ['exhausted', false, 'busy', 503]);
      assert.match(data.deadLetterId, /^[0-9a-f-]{36}$/);

      await runtime.execute(stream, { type: 'Redrive' });
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.state(stream).status, 'delivered');
      assert.equal(connector.effects.length, 1);
    });
  });

  describe('where duplicates are refused', () => {
    const REFUSED = { duplicates: 'refused', lookup: 'immediate', lookupDelayMs: 0 } as const;

    it('simply calls again under the same key', async () => {
      const { runtime, connector, start } = setUp(REFUSED, ['lost', 'never', 'unavailable']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      assert.deepEqual(runtime.types(stream), ['Posted', 'failed', 'failed', 'failed', 'succeeded']);
      assert.deepEqual(connector.calls, ['submit', 'submit', 'submit', 'submit']);
      assert.equal(connector.effects.length, 1);
    });

    it('honours the delays between attempts', async () => {
      const { clock, runtime, start } = setUp(REFUSED, ['unavailable', 'unavailable', 'unavailable']);
      const stream = runtime.post('p');
      const startedAtMs = clock.now();
      await runUntilQuiet(runtime, [await start()]);
      const times = runtime.events.get(stream)!.map(({ time }) => Date.parse(time) - startedAtMs);
      assert.deepEqual(times, [0, 0, 1_000, 3_000, 7_000]);
    });

    it('takes what a connector throws as unknown', async () => {
      const { runtime, start } = setUp(REFUSED, ['throws']);
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      const failed = runtime.events.get(stream)![1]!.data;
      assert.deepEqual([failed.certainty, failed.reason], ['unknown', 'Error: the connector has a bug']);
      assert.equal(runtime.state(stream).status, 'delivered');
    });
  });

  describe('where the third party decides later', () => {
    const kinds = [
      { duplicates: 'refused', lookup: 'immediate', lookupDelayMs: 0 },
      { duplicates: 'possible', lookup: 'delayed' },
    ] as const;
    for (const kind of kinds)
      describe(`duplicates ${kind.duplicates}`, () => {
        it('asks by its reference until it has decided, and records once that it is pending', async () => {
          const { clock, runtime, connector, start } = setUp(kind, ['pending', 'pending', 'pending', 'done']);
          const stream = runtime.post('p');
          const process = await start();
          const startedAtMs = clock.now();
          await runUntilQuiet(runtime, [process]);
          const begun = kind.duplicates === 'possible' ? ['Posted', 'started'] : ['Posted'];
          assert.deepEqual(runtime.types(stream), [...begun, 'pending', 'succeeded']);
          assert.deepEqual(connector.calls, ['submit', 'ask', 'ask', 'ask']);
          // A second, another one, and then half of what it has taken so far, which is a second again.
          assert.equal(clock.now() - startedAtMs, 3_000);
          const { answered } = runtime.state(stream);
          assert.equal(answered, 1, 'no further attempt was spent');
          assert.equal(process.context.breaker.state.state, 'closed');
        });

        it('ends refused when it decides so', async () => {
          const { runtime, start } = setUp(kind, ['pending', 'refused']);
          const stream = runtime.post('p');
          await runUntilQuiet(runtime, [await start()]);
          assert.equal(runtime.state(stream).status, 'refused');
        });

        it('spends no attempt on asking, however often that fails', async () => {
          const { runtime, connector, start } = setUp(kind, [
            'pending',
            'unavailable',
            'lost',
            'unavailable',
            'pending',
            'unavailable',
            'done',
          ]);
          const stream = runtime.post('p');
          await runUntilQuiet(runtime, [await start({ delaysMs: [] })]);
          assert.equal(runtime.state(stream).status, 'delivered');
          assert.ok(!runtime.types(stream).includes('failed'));
          assert.deepEqual([connector.effects.length, connector.calls.filter((call) => call === 'submit').length], [1, 1]);
        });

        it('takes it back by the reference it is pending under', async () => {
          const { runtime, connector, start } = setUp(kind, ['pending']);
          const stream = runtime.post('p');
          await runUntilQuiet(runtime, [await start()], {
            onTurn: (turn) => void (turn === 1 && runtime.execute(stream, { type: 'Cancel' })),
          });
          assert.equal(runtime.state(stream).status, 'cancelled');
          assert.equal(connector.live('p').length, 0);
        });
      });

    it('comes back when it was told to', async () => {
      const { clock, runtime, connector, start } = setUp(kinds[0]);
      const script: AwkwardAct[] = [{ act: 'pending', retryAfterMs: 90_000 }];
      connector.nextAct = () => script.shift() ?? { act: 'done' };
      const startedAtMs = clock.now();
      const stream = runtime.post('p');
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(clock.now() - startedAtMs, 90_000);
      assert.equal(runtime.state(stream).status, 'delivered');
    });

    it('asks by submitting again where it got no reference, if that is safe; otherwise it looks', async () => {
      for (const { kind, calls } of [
        { kind: kinds[0], calls: ['submit', 'submit'] },
        { kind: kinds[1], calls: ['submit', 'lookup', 'lookup'] },
      ]) {
        const { runtime, connector, start } = setUp(kind);
        const script: AwkwardAct[] = [{ act: 'pending', anonymous: true }];
        connector.nextAct = () => script.shift() ?? { act: 'done' };
        const stream = runtime.post('p');
        await runUntilQuiet(runtime, [await start()]);
        assert.equal(runtime.state(stream).status, 'delivered');
        assert.equal(connector.effects.length, 1);
        assert.deepEqual(new Set(connector.calls), new Set(calls));
      }
    });
  });

  describe('taking back', () => {
    it('cancels by reference, and repeats what failed', async () => {
      const { runtime, connector, start } = setUp({ duplicates: 'refused' });
      const stream = runtime.post('p');
      const process = await start();
      // The order's first attempt reports after it was cancelled: then the reference is known.
      await runtime.execute(stream, { type: 'Cancel' });
      const reported = { step: 'submit', operation: 'submit', attempt: 1 } as never;
      await runtime.report(stream, reported, { kind: 'succeeded', reference: 'A-1', alreadyThere: false }, { actor: 'test' });
      connector.effects.push({ objectId: 'p', reference: 'A-1', madeAtMs: 0, live: true });
      connector.reachable = false;
      await runUntilQuiet(runtime, [process], { onTurn: (turn) => (connector.reachable = turn > 3) });
      assert.equal(runtime.state(stream).status, 'cancelled');
      assert.equal(connector.live('p').length, 0);
      assert.ok(runtime.types(stream).includes('failed'));
    });

    it('takes "none found" as proof only after time limit and settling, counted from the request', async () => {
      const { clock, runtime, connector, start } = setUp({ duplicates: 'refused', lookup: 'immediate' });
      const stream = runtime.post('p');
      await runtime.execute(stream, { type: 'Cancel' });
      const requestedAtMs = clock.now();
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.types(stream).at(-1), 'absent');
      assert.equal(clock.now() - requestedAtMs, TIMEOUT_MS + AWKWARD.settleMs);
      assert.deepEqual(connector.calls, ['lookup', 'lookup']);
    });

    it('cancels every live one it finds before it says so', async () => {
      const { runtime, connector, start } = setUp();
      const stream = runtime.post('p');
      for (const reference of ['X-1', 'X-2']) connector.effects.push({ objectId: 'p', reference, madeAtMs: 0, live: true });
      await runtime.execute(stream, { type: 'Cancel' });
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.state(stream).status, 'cancelled');
      assert.equal(connector.live('p').length, 0);
    });

    it('hands over to an operator when attempts are used up, in doubt, and takes back all the same once it is told to go on', async () => {
      const { runtime, connector, start } = setUp();
      const stream = runtime.post('p');
      connector.effects.push({ objectId: 'p', reference: 'X-1', madeAtMs: 0, live: true });
      connector.reachable = false;
      await runtime.execute(stream, { type: 'Cancel' });
      await runUntilQuiet(runtime, [await start({ delaysMs: [1_000] })]);
      assert.equal(runtime.state(stream).status, 'halted');
      const { data } = runtime.events.get(stream)!.at(-1)!;
      assert.deepEqual([data.kind, data.inDoubt, data.reason], ['exhausted', true, 'busy']);

      connector.reachable = true;
      await runtime.execute(stream, { type: 'Redrive' });
      await runUntilQuiet(runtime, [await start()]);
      assert.equal(runtime.state(stream).status, 'cancelled');
      assert.equal(connector.live('p').length, 0);
    });

    it('does not call when the cancellation comes between writing the attempt down and the call', async () => {
      const { runtime, connector, start } = setUp();
      const stream = runtime.post('p');
      const process = await start();
      const report = process.context.runtime.report.bind(process.context.runtime);
      process.context.runtime.report = async (...args) => {
        const reported = await report(...args);
        if (args[2].kind === 'started') await runtime.execute(stream, { type: 'Cancel' });
        return reported;
      };
      await runUntilQuiet(runtime, [process]);
      assert.equal(runtime.state(stream).status, 'cancelled');
      assert.ok(!connector.calls.includes('submit'));
    });
  });
});
