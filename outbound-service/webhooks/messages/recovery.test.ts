import assert from 'node:assert/strict';
import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { evolveSubscription, type FoldedEvent, type Subscription } from '../subscriptions/state.ts';
import { nextRecoveries, type RecoveryContext, startRecoveries } from './recovery.ts';

const event = (type: string, data: object, time = '2026-11-20T10:00:00.000Z'): FoldedEvent =>
  ({ stream: 'subscription-s', revision: 1, type, data, metadata: { time, partnerId: 'demo' } }) as unknown as FoldedEvent;
const requested = (recoveryId: string, time?: string) => event('RecoveryRequested', { recoveryId, since: '2026-01-01T00:00:00Z' }, time);
const finished = (recoveryId: string) => event('RecoveryFinished', { recoveryId, requested: 1, resent: 0 });

const subscription = (partnerId: string, subscriptionId: string, ...events: readonly FoldedEvent[]): Subscription =>
  events.reduce<Subscription>((before, next) => evolveSubscription(before, next)!, {
    subscriptionId,
    partnerId,
    status: 'enabled',
    recoveries: [],
  } as unknown as Subscription);

describe('recoveries of webhooks', () => {
  it('are carried out in the order in which they were asked for, one of each partner at a time', () => {
    const greedy = Array.from({ length: 6 }, (_, index) =>
      subscription('greedy', `g${index}`, requested(`r${index}`, `2026-11-20T10:0${index}:00Z`)),
    );
    const all = [...greedy.toReversed(), subscription('other', 'o', requested('late', '2026-11-20T11:00:00Z'))];
    const next = (busy: readonly string[], places = 4) =>
      nextRecoveries(all, new Set(busy), places).map(({ subscription: { subscriptionId } }) => subscriptionId);
    assert.deepEqual(next([]), ['g0', 'o']);
    assert.deepEqual(next(['greedy']), ['o']);
    assert.deepEqual(next([], 1), ['g0']);
    assert.deepEqual(next([], 0), []);
  });

  it('are not of a subscription that is disabled, and are over when they are finished', () => {
    const off = { ...subscription('a', 'a', requested('r')), status: 'disabled' as const };
    assert.deepEqual(nextRecoveries([off, subscription('b', 'b', requested('r'), finished('r'))], new Set(), 4), []);
  });

  it('are remembered until they are finished, however many are asked for, and the last ten of those afterwards', () => {
    const asked = Array.from({ length: 30 }, (_, index) => requested(`r${index}`));
    const { recoveries } = subscription(
      'a',
      'a',
      ...asked.slice(0, 20),
      ...asked.slice(0, 15).map((_, index) => finished(`r${index}`)),
      ...asked.slice(20),
    );
    assert.deepEqual(
      recoveries.map(({ recoveryId }) => recoveryId),
      Array.from({ length: 25 }, (_, index) => `r${index + 5}`),
    );
  });

  it('are left to others once the log has been out of reach for ten seconds', async () => {
    const clock = manualClock();
    const log = { isAway: false };
    const led = Promise.withResolvers<void>();
    const leadership: Pick<Leadership, 'lead'> = {
      lead: (name, onLeading) => {
        led.resolve(onLeading({ name, epoch: 1n, signal: new AbortController().signal }));
        return { term: undefined, [Symbol.asyncDispose]: async () => {} };
      },
    };
    const store = { lastPosition: () => (log.isAway ? Promise.reject(new Error('away')) : Promise.resolve(0n)) };
    startRecoveries({ clock, leadership, store, registry: { all: () => [] }, telemetry: silentTelemetry } as unknown as RecoveryContext);
    let isLeading = true;
    const over = led.promise.then(() => (isLeading = false));
    await clock.sleeping(2); // one looks for what was asked for, and one after the log
    await clock.advance(60_000);
    assert.equal(isLeading, true);
    log.isAway = true;
    await clock.advance(15_000);
    await over;
  });
});
