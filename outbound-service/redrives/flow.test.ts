import assert from 'node:assert/strict';
import { HubError } from '@sagahub/contracts/errors.ts';
import { REDRIVE_PAGE, type RedriveEvent, type RedriveItem } from '@sagahub/contracts/messages/redrive.ts';
import { NEVER } from '@sagahub/contracts/saga.ts';
import { type RedriveCommand, redriveFlow } from './flow.ts';
import { nextLookMs } from './worker.ts';
import { itemOf, type Job, outcomeOf, type RedriveState } from './state.ts';

const AT = '2026-11-20T10:00:00.000Z';
const SAID = { by: 'client:op', reason: 'r' };
const requested: RedriveEvent = {
  type: 'RedriveRequested',
  data: { redriveId: 'job', filter: {}, dryRun: false, ratePerSecond: 10, ...SAID },
};
const itemsFrom = (first: number, count: number): RedriveItem[] =>
  Array.from({ length: count }, (_, index) => ({ deadLetterId: `letter-${first + index}` }) as RedriveItem);
const found = (first: number, count: number, next?: string): RedriveEvent => ({
  type: 'RedriveItemsFound',
  data: { items: itemsFrom(first, count), ...(next !== undefined && { next }) },
});
const progressed = (sent: readonly number[], applied: readonly number[] = []): RedriveEvent => ({
  type: 'RedriveProgressed',
  data: {
    sent: sent.map((item) => ({ item, revision: 8 })),
    outcomes: applied.map((item) => ({ item, outcome: 'applied' })),
    nextAt: '2026-11-20T10:00:01.000Z',
  },
});
const fold = (...events: readonly RedriveEvent[]): Job =>
  events.reduce<RedriveState>(
    (state, event) => redriveFlow.evolve(state, { ...event, time: AT } as never),
    redriveFlow.initialState,
  ) as Job;
const command = (state: RedriveState, asked: RedriveCommand) => redriveFlow.command(state, asked, 0);
const decided = (state: Job) => redriveFlow.versions[1]!.decide(state, { step: 'advance', nowMs: 0 });

describe('redrive flow', () => {
  it('fixes its items page by page, and knows each by its number', () => {
    const job = fold(requested, found(0, REDRIVE_PAGE, 'c1'), found(REDRIVE_PAGE, 3));
    assert.deepEqual([job.status, job.total], ['running', REDRIVE_PAGE + 3]);
    assert.equal(itemOf(job, REDRIVE_PAGE + 1).deadLetterId, `letter-${REDRIVE_PAGE + 1}`);
    assert.equal(fold(requested, found(0, REDRIVE_PAGE, 'c1')).status, 'listing');
  });

  it('records a step only for whoever saw the job as it is', () => {
    const job = fold(requested, found(0, 3));
    const progress = { type: 'Progress', sent: [{ item: 0, revision: 8 }], outcomes: [], nextAt: AT } as const;
    assert.equal(command(job, { ...progress, expected: job.progress }).length, 1);
    assert.deepEqual(command(job, { ...progress, expected: job.progress - 1 }), []);
    assert.deepEqual(command(job, { type: 'AddItems', expected: job.progress, items: [] }), [], 'its items are fixed');
  });

  it('follows what was sent until it has an outcome, and ends when every item has one', () => {
    const halfway = fold(requested, found(0, 3), progressed([0, 1]), progressed([2], [1]));
    assert.deepEqual(
      halfway.underWay.map(({ item }) => item),
      [0, 2],
    );
    assert.deepEqual([halfway.next, halfway.done, outcomeOf(halfway, 1)?.outcome], [3, 1, 'applied']);
    assert.equal(decided(halfway).kind, 'rest');
    const all = fold(requested, found(0, 3), progressed([0, 1]), progressed([2], [1]), progressed([], [0, 2]));
    assert.deepEqual(decided(all), { kind: 'record', events: [{ type: 'RedriveFinished', data: { counts: { applied: 3 } } }] });
    assert.equal(decided(fold(requested, found(0, 0))).kind, 'record', 'nothing to do is done at once');
  });

  it('waits for its rate, for what is under way, or for an operator', () => {
    const dueOf = (job: Job) => redriveFlow.pending(job)[0]?.dueAtMs;
    assert.equal(dueOf(fold(requested, found(0, 3), progressed([0], [0]))), Date.parse(AT) + 1_000);
    assert.equal(dueOf(fold(requested, found(0, 3), progressed([0]))), Date.parse(AT));
    const paused: RedriveEvent = { type: 'RedrivePaused', data: SAID };
    assert.equal(dueOf(fold(requested, found(0, 3), progressed([0]), paused)), Date.parse(AT));
    assert.equal(dueOf(fold(requested, found(0, 3), paused)), NEVER);
    const resumed = fold(requested, found(0, 3), paused, { type: 'RedriveResumed', data: SAID });
    assert.ok(redriveFlow.pending(resumed)[0]!.attempt > redriveFlow.pending(fold(requested, found(0, 3), paused))[0]!.attempt);
    assert.deepEqual(redriveFlow.pending(fold(requested, found(0, 0), { type: 'RedriveFinished', data: { counts: {} } })), []);
  });

  it('is looked at less and less often while nothing comes of what is under way', () => {
    const sent = [{ item: 0, revision: 1 }];
    const lookAfter = (withoutNewsMs: number) => nextLookMs({ underWay: sent, nextAtMs: 1_000_000 - withoutNewsMs }, 1_000_000) - 1_000_000;
    assert.deepEqual([0, 1_000, 8_000, 3_600_000].map(lookAfter), [250, 250, 2_000, 10_000]);
    assert.equal(nextLookMs({ underWay: [], nextAtMs: 5_000 }, 1_000), 5_000, 'nothing is under way: at its next turn');
  });

  it('can be paused while it runs, resumed while it is paused, and cancelled until it ends', () => {
    const running = fold(requested, found(0, 3));
    const refused = (state: Job, type: 'Pause' | 'Resume' | 'CancelRedrive') =>
      assert.throws(
        () => command(state, { type, ...SAID }),
        (error) => error instanceof HubError && error.code === 'HUB_REDRIVE_STATE',
      );
    refused(fold(requested), 'Pause');
    refused(fold(requested), 'Resume');
    assert.deepEqual(command(running, { type: 'Resume', ...SAID }), []);
    const cancelled = fold(requested, found(0, 3), { type: 'RedriveCancelled', data: SAID });
    assert.equal(cancelled.status, 'cancelling');
    assert.deepEqual(command(cancelled, { type: 'CancelRedrive', ...SAID }), []);
    const over = fold(requested, found(0, 0), { type: 'RedriveFinished', data: { counts: {} } });
    refused(over, 'CancelRedrive');
  });
});
