import assert from 'node:assert/strict';
import { evolveSubscription, type FoldedEvent, type Subscription } from '../subscriptions/state.ts';
import { nextRecoveries } from './recovery.ts';

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
});
