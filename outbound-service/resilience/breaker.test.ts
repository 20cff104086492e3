import assert from 'node:assert/strict';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { Breaker, type BreakerOptions, type OpenState, type Permit, type Verdict } from './breaker.ts';

const OPTIONS: BreakerOptions = { consecutiveFailures: 5, failureShare: 0.5, windowMs: 10_000, minimumCalls: 20, openMs: 10_000 };
const SUCCESS: Verdict = { kind: 'success' };
const FAILURE = { kind: 'failure', reason: 'answered 503' } as const;

describe('breaker', () => {
  const setUp = () => {
    const clock = manualClock(1_000_000);
    const told: string[] = [];
    const breaker = new Breaker(OPTIONS, clock, {
      opened: ({ cause }) => told.push(`opened: ${cause}`),
      closed: () => told.push('closed'),
    });
    const enter = (): Permit => {
      const leave = breaker.enter();
      assert.equal(leave.kind, 'granted');
      return (leave as { permit: Permit }).permit;
    };
    const call = (verdict: Verdict) => {
      const permit = enter();
      permit.record(verdict);
      permit.settle();
    };
    const waitMs = (): number => {
      const leave = breaker.enter();
      return leave.kind === 'wait' ? leave.untilMs - clock.now() : assert.fail('it let a call through');
    };
    return { clock, breaker, told, enter, call, waitMs };
  };
  const times = (count: number, perform: (index: number) => void) => Array.from({ length: count }, (_, index) => perform(index));

  it('opens at five failures in a row, not at four and a success', () => {
    const { breaker, told, call } = setUp();
    times(4, () => call(FAILURE));
    call(SUCCESS);
    times(4, () => call(FAILURE));
    assert.equal(breaker.state.state, 'closed');
    call(FAILURE);
    assert.equal(breaker.state.state, 'open');
    assert.deepEqual(told, ['opened: answered 503']);
  });

  it('opens when more than half of at least twenty calls failed', () => {
    const { breaker, call } = setUp();
    times(9, () => (call(FAILURE), call(SUCCESS)));
    call(FAILURE);
    assert.equal(breaker.state.state, 'closed', '10 of 19: too few to tell');
    call(FAILURE);
    assert.equal(breaker.state.state, 'open', '11 of 20');
  });

  it('stays closed while every other call fails', () => {
    const { breaker, call } = setUp();
    times(200, () => (call(SUCCESS), call(FAILURE)));
    assert.equal(breaker.state.state, 'closed');
  });

  it('forgets what happened before a pause', async () => {
    const { clock, breaker, call } = setUp();
    times(9, () => (call(FAILURE), call(SUCCESS)));
    call(FAILURE);
    await clock.advance(OPTIONS.windowMs + 1);
    call(FAILURE);
    assert.equal(breaker.state.state, 'closed');
  });

  it('opens at once on a configuration error, and names it', () => {
    const { breaker, call } = setUp();
    call({ kind: 'trip', reason: 'answered 401' });
    assert.deepEqual([breaker.state.state, (breaker.state as OpenState).cause], ['open', 'answered 401']);
  });

  it('lets one call try it after the waiting time, and closes when that succeeds', async () => {
    const { clock, breaker, told, enter, call, waitMs } = setUp();
    call({ kind: 'trip', reason: 'x' });
    await clock.advance(OPTIONS.openMs - 1);
    assert.equal(waitMs(), 1);
    await clock.advance(1);
    const probe = enter();
    assert.equal(probe.isProbe, true);
    assert.equal(breaker.state.state, 'half-open');
    assert.ok(waitMs() >= OPTIONS.openMs, 'nobody else is let through');
    probe.record(FAILURE);
    probe.record(SUCCESS);
    probe.settle();
    assert.deepEqual([breaker.state.state, told.at(-1)], ['closed', 'closed']);
    assert.equal(enter().isProbe, false);
  });

  it('opens again when the probe fails, without telling anybody twice', async () => {
    const { clock, breaker, told, enter, call } = setUp();
    call({ kind: 'trip', reason: 'x' });
    await clock.advance(OPTIONS.openMs);
    const probe = enter();
    probe.record(FAILURE);
    probe.settle();
    const state = breaker.state as OpenState;
    assert.deepEqual(
      [state.state, state.cause, state.lastFailure, state.probeAtMs],
      ['open', 'x', 'answered 503', clock.now() + OPTIONS.openMs],
    );
    assert.equal(told.length, 1);
  });

  it('lets the next one try it when the probe made no call after all', async () => {
    const { clock, enter, call } = setUp();
    call({ kind: 'trip', reason: 'x' });
    await clock.advance(OPTIONS.openMs);
    enter().settle();
    assert.equal(enter().isProbe, true);
  });

  it('waits as long as Retry-After asks', () => {
    const { call, waitMs } = setUp();
    times(4, () => call(FAILURE));
    call({ ...FAILURE, retryAfterMs: 60_000 });
    assert.equal(waitMs(), 60_000);
  });

  it('sends waiting work back one by one, so that ten thousand cost little', () => {
    const { call, waitMs } = setUp();
    call({ kind: 'trip', reason: 'x' });
    const waits = Array.from({ length: 10_000 }, waitMs);
    assert.deepEqual(waits.slice(0, 3), [10_000, 10_050, 10_100]);
    assert.equal(Math.max(...waits), OPTIONS.openMs + 5 * 60 * 1_000);
  });

  it('is not moved by calls that began before it opened', () => {
    const { breaker, enter, call } = setUp();
    const early = enter();
    call({ kind: 'trip', reason: 'x' });
    early.record(SUCCESS);
    early.settle();
    assert.equal(breaker.state.state, 'open');
  });

  it('opened by hand, it is not tried, and what a probe meets changes nothing', async () => {
    const { clock, breaker, told, enter, call, waitMs } = setUp();
    call({ kind: 'trip', reason: 'x' });
    await clock.advance(OPTIONS.openMs);
    const probe = enter();
    const byHand: OpenState = {
      state: 'open',
      cause: 'maintenance',
      by: 'client:op',
      sinceMs: 1,
      probeAtMs: undefined,
      lastFailure: 'maintenance',
    };
    breaker.restore(byHand);
    probe.record(SUCCESS);
    probe.settle();
    assert.deepEqual(breaker.state, byHand);
    await clock.advance(3_600_000);
    assert.equal(waitMs(), OPTIONS.openMs);
    assert.deepEqual(told, ['opened: x']);
  });
});
