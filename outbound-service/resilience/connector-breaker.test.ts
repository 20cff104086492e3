import assert from 'node:assert/strict';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { ModelRuntime, ModelStore, modelOpenWork } from '../testing/model-runtime.ts';
import { BREAKER } from '../testing/mortal-process.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import type { Permit } from './breaker.ts';
import { ConnectorBreaker } from './connector-breaker.ts';

const STREAM = 'breaker-erp';

describe('breaker of a connector', () => {
  const setUp = async () => {
    const clock = manualClock();
    const runtime = new ModelRuntime(clock);
    const store = new ModelStore();
    const options = { ...BREAKER, connector: 'erp', queue: 'outbound.erp', resumePerSecond: 500 };
    const openWork = modelOpenWork('outbound.erp', 10_000);
    const logger = silentTelemetry.logger;
    const open = () => ConnectorBreaker.open(options, { store: store as never, openWork, runtime, clock, logger });
    const recorded = () => (store.streams.get(STREAM) ?? []).map(({ type, data, metadata }) => ({ type, data, actor: metadata.actor }));
    return { clock, runtime, store, open, breaker: await open(), recorded };
  };
  const permitOf = (breaker: ConnectorBreaker): Permit => {
    const leave = breaker.enter();
    return leave.kind === 'granted' ? leave.permit : assert.fail('it let nothing through');
  };
  const call = (breaker: ConnectorBreaker, verdict: Parameters<Permit['record']>[0]) => {
    const permit = permitOf(breaker);
    permit.record(verdict);
    permit.settle();
  };

  it('records opening and closing as events, and wakes waiting work at the rate it is given', async () => {
    const { clock, runtime, breaker, recorded } = await setUp();
    call(breaker, { kind: 'trip', reason: 'answered 401' });
    await clock.advance(BREAKER.openMs);
    call(breaker, { kind: 'success' });
    await breaker.settled();
    const probeAt = new Date(clock.now()).toISOString();
    assert.deepEqual(recorded(), [
      { type: 'BreakerOpened', data: { connector: 'erp', cause: 'answered 401', by: 'hub', probeAt }, actor: 'hub' },
      { type: 'BreakerClosed', data: { connector: 'erp', by: 'hub' }, actor: 'hub' },
    ]);
    assert.deepEqual(runtime.woken, [{ queue: 'outbound.erp', spreadMs: 20_000 }]);
  });

  it('is still open after a restart, and tried when its time has come', async () => {
    const { clock, breaker, open } = await setUp();
    call(breaker, { kind: 'trip', reason: 'answered 401' });
    const before = breaker.state;
    await breaker.settled();
    const restarted = await open();
    assert.deepEqual(restarted.state, before);
    assert.equal(restarted.enter().kind, 'wait');
    await clock.advance(BREAKER.openMs);
    assert.equal(permitOf(restarted).isProbe, true);
  });

  it('is opened and closed by hand, with who and why in the history', async () => {
    const { clock, runtime, breaker, open, recorded } = await setUp();
    await breaker.openByHand('client:op', 'maintenance');
    await clock.advance(3_600_000);
    const restarted = await open();
    assert.equal(restarted.enter().kind, 'wait');
    await restarted.closeByHand('client:op', 'done');
    await restarted.closeByHand('client:op', 'done twice');
    await restarted.settled();
    assert.equal(restarted.state.state, 'closed');
    assert.deepEqual(recorded(), [
      { type: 'BreakerOpened', data: { connector: 'erp', cause: 'maintenance', by: 'client:op' }, actor: 'client:op' },
      { type: 'BreakerClosed', data: { connector: 'erp', by: 'client:op', reason: 'done' }, actor: 'client:op' },
    ]);
    assert.equal(runtime.woken.length, 1);
  });

  it('records behind what another process recorded', async () => {
    const { breaker, open, recorded } = await setUp();
    const other = await open();
    await breaker.openByHand('client:a', 'one');
    await other.openByHand('client:b', 'two');
    assert.deepEqual(
      recorded().map(({ data }) => data['cause']),
      ['one', 'two'],
    );
  });

  describe('shared by replicas', () => {
    const replicas = async () => {
      const site = await setUp();
      const other = await site.open();
      /** What the subscription of each hands it: everything, in the log's order. */
      const deliver = async (...to: readonly ConnectorBreaker[]) => {
        for (const replica of [site.breaker, other]) await replica.settled();
        for (const replica of to) replica.follow(await site.store.readStream(STREAM));
      };
      return { ...site, other, deliver, states: () => [site.breaker.state.state, other.state.state] };
    };
    const trip = { kind: 'trip', reason: 'answered 401' } as const;

    it('opens and closes for all when one meets the reason', async () => {
      const { clock, breaker, other, deliver, states } = await replicas();
      call(breaker, trip);
      await deliver(breaker, other);
      assert.deepEqual(states(), ['open', 'open']);
      assert.deepEqual(other.state, breaker.state);
      await clock.advance(BREAKER.openMs);
      call(other, { kind: 'success' });
      await deliver(breaker, other);
      assert.deepEqual(states(), ['closed', 'closed']);
    });

    it('is not thrown back by its own events when they come late', async () => {
      const { clock, breaker, other, deliver, states } = await replicas();
      call(breaker, trip);
      await breaker.settled();
      await clock.advance(BREAKER.openMs);
      call(breaker, { kind: 'success' });
      assert.equal(breaker.state.state, 'closed');
      await deliver(breaker, other);
      assert.deepEqual(states(), ['closed', 'closed']);
    });

    it('ends where the log ends when several decide at once', async () => {
      const { clock, breaker, other, deliver, states } = await replicas();
      call(breaker, trip);
      await clock.advance(BREAKER.openMs);
      call(breaker, { kind: 'success' });
      await breaker.settled();
      call(other, trip); // it has heard of neither yet
      await deliver(other, breaker);
      assert.deepEqual(states(), ['open', 'open']);
    });

    it('stays as somebody put it by hand, whichever replica was asked', async () => {
      const { clock, breaker, other, deliver, states } = await replicas();
      call(other, trip);
      await other.settled();
      await clock.advance(BREAKER.openMs);
      const probe = permitOf(other);
      await breaker.openByHand('client:op', 'maintenance');
      probe.record({ kind: 'success' });
      probe.settle(); // it had not heard of it
      await deliver(breaker, other);
      assert.deepEqual(states(), ['open', 'open']);
      await other.closeByHand('client:op', 'done');
      await deliver(breaker, other);
      assert.deepEqual(states(), ['closed', 'closed']);
    });
  });

  it('acts on what it decided although it could not be recorded', async () => {
    const { store, breaker } = await setUp();
    store.append = () => Promise.reject(new Error('disk full'));
    call(breaker, { kind: 'trip', reason: 'answered 401' });
    await breaker.settled();
    assert.equal(breaker.state.state, 'open');
    await assert.rejects(breaker.closeByHand('client:op', 'try'), /disk full/);
    assert.equal(breaker.state.state, 'open', 'by hand: nothing changes that is not recorded');
  });
});
