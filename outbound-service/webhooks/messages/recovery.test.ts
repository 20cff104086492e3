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

  describe('where the log is out of reach', () => {
    /** One recovery to be carried out, of a log that answers nothing more once it is away. */
    const scene = () => {
      const clock = manualClock();
      const log = { isAway: false, reads: 0 };
      const terms: Promise<void>[] = [];
      let lead: Parameters<Leadership['lead']>[1];
      const leadership: Pick<Leadership, 'lead'> = {
        lead: (_name, onLeading) => {
          lead = onLeading;
          return { term: undefined, [Symbol.asyncDispose]: async () => {} };
        },
      };
      const answered = Promise.withResolvers<never[]>();
      const store = {
        lastPosition: () => (log.isAway ? Promise.reject(new Error('away')) : Promise.resolve(10n)),
        positionAt: () => Promise.resolve(0n),
        readAll: () => ((log.reads += 1), answered.promise),
      };
      const ended: string[] = [];
      const directory = { finishRecovery: (_id: string, recoveryId: string) => (ended.push(recoveryId), Promise.resolve()) };
      const registry = { all: () => [subscription('demo', 's', requested('r'))] };
      const context = { clock, leadership, store, directory, registry, telemetry: silentTelemetry } as unknown as RecoveryContext;
      const recoveries = startRecoveries(context);
      const begin = (): void => void terms.push(lead({ name: 'webhook-recovery', epoch: 1n, signal: new AbortController().signal }));
      /** A term, until it gives up. */
      const term = async (): Promise<void> => {
        begin();
        await clock.sleeping(2); // one looks for what was asked for, and one after the log
        log.isAway = true;
        await clock.advance(15_000);
        await terms.at(-1);
        log.isAway = false;
      };
      return { clock, log, begin, term, terms, recoveries, answer: () => answered.resolve([]), ended };
    };

    it('are left to others after ten seconds', async () => {
      const { clock, begin, log, terms } = scene();
      begin();
      await clock.sleeping(2);
      let isLeading = true;
      const over = terms[0]!.then(() => (isLeading = false));
      await clock.advance(60_000);
      assert.equal(isLeading, true);
      log.isAway = true;
      await clock.advance(15_000);
      await over;
    });

    it('are not begun twice by a process that leads again while one hangs, and do nothing more once it is answered', async () => {
      const { log, term, recoveries, answer, ended } = scene();
      await term();
      await term();
      assert.equal(log.reads, 1);
      answer();
      await recoveries[Symbol.asyncDispose]();
      assert.deepEqual(ended, []);
    });
  });
});
