import assert from 'node:assert/strict';
import { LOG_START } from './event-store.ts';
import type { OpenWork, RelayedItem, WorkItem } from './open-work.ts';

export interface OpenWorkHarness extends AsyncDisposable {
  readonly work: OpenWork;
  /** Closes it and opens it again on the same data. */
  reopen(): Promise<OpenWork>;
}

const NOW = 1_000_000;
const LEASE_MS = 30_000;
const item = (stream: string, more: Partial<WorkItem> = {}): WorkItem => ({
  stream,
  step: 'advance',
  queue: 'orchestration.order',
  partnerId: 'acme',
  attempt: 1,
  dueAtMs: NOW,
  sinceMs: NOW - 500,
  revision: 0,
  sagaVersion: 1,
  ...more,
});
const change = (...items: RelayedItem[]) => ({ stream: items[0]?.stream ?? '', revision: items[0]?.revision ?? 0, items });
const done = (stream: string, revision: number) => ({ stream, revision, items: [] });
const streamsOf = (items: readonly WorkItem[]): string[] => items.map(({ stream }) => stream);
const dueAt = async (work: OpenWork, stream: string): Promise<number[]> => (await work.ofStream(stream)).map(({ dueAtMs }) => dueAtMs);

/** Everything `open-work.ts` promises. */
export const openWorkContract = (adapter: string, open: () => Promise<OpenWorkHarness>) =>
  describe(`OpenWork contract: ${adapter}`, () => {
    describe('rows', () => rowContract(open));
    describe('due times', () => dueContract(open));
    describe('views', () => viewContract(open));
  });

const rowContract = (open: () => Promise<OpenWorkHarness>) => {
  it('starts empty, before the log', async () => {
    await using harness = await open();
    const { work } = harness;
    assert.equal(await work.checkpoint(), LOG_START);
    assert.deepEqual(await work.claimDue(NOW, 10, LEASE_MS), []);
    assert.deepEqual(await work.list({}, 10), []);
    assert.deepEqual(await work.stats(NOW), []);
    assert.deepEqual(await work.ofStream('order-1'), []);
  });

  it('replaces all rows of a stream, and forgets a stream without rows', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1'), item('order-1', { step: 'deadline', dueAtMs: NOW + 9 })), change(item('order-2'))], 5n);
    const next = item('order-1', { step: 'erp-submit', revision: 4 });
    await work.apply([change(next), done('order-2', 3)], 9n);
    assert.deepEqual(await work.ofStream('order-1'), [next]);
    assert.deepEqual(await work.ofStream('order-2'), []);
    assert.equal(await work.checkpoint(), 9n);
  });

  it('keeps rows that come from a later revision', async () => {
    await using harness = await open();
    const { work } = harness;
    const later = item('order-1', { revision: 6, step: 'erp-submit' });
    await work.apply([change(later)], 9n);
    await work.apply([change(item('order-1', { revision: 5 })), change(item('order-2', { revision: 5 }))], 10n);
    await work.apply([done('order-1', 2)], 11n);
    assert.deepEqual(await work.ofStream('order-1'), [later]);
    assert.deepEqual(streamsOf(await work.ofStream('order-2')), ['order-2']);
    assert.equal(await work.checkpoint(), 11n);
  });

  it('survives a restart with its checkpoint: rows, deferrals, what was replaced and what is gone', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1')), change(item('order-2')), change(item('order-3'))], 7n);
    const second = await harness.reopen();
    assert.deepEqual(streamsOf(await second.list({}, 10)), ['order-1', 'order-2', 'order-3']);
    assert.equal(await second.checkpoint(), 7n);
    const next = [
      item('order-1', { revision: 4, attempt: 2, dueAtMs: NOW + 5, sagaVersion: 2 }),
      item('order-1', { revision: 4, step: 'deadline' }),
    ];
    await second.apply([change(...next), done('order-2', 3), change(item('order-4')), done('order-4', 1)], 2n ** 60n);
    await second.defer({ stream: 'order-3', step: 'advance', attempt: 1 }, NOW + 777);
    const third = await harness.reopen();
    assert.deepEqual(await third.ofStream('order-1'), next);
    assert.deepEqual(await dueAt(third, 'order-3'), [NOW + 777]);
    assert.equal((await third.list({}, 10)).length, 3);
    assert.equal(await third.checkpoint(), 2n ** 60n);
    await third.apply([change(item('order-1', { revision: 3 }))], 2n ** 60n + 1n);
    assert.deepEqual(await third.ofStream('order-1'), next, 'it still knows their revision');
  });

  it('forgets everything when cleared, for good', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1', { revision: 9 }))], 7n);
    await work.clear();
    assert.equal(await work.checkpoint(), LOG_START);
    const reopened = await harness.reopen();
    assert.deepEqual(await reopened.list({}, 10), []);
    assert.equal(await reopened.checkpoint(), LOG_START);
    await reopened.apply([change(item('order-1', { revision: 0 }))], 1n);
    assert.equal((await reopened.ofStream('order-1')).length, 1);
  });
};

const dueContract = (open: () => Promise<OpenWorkHarness>) => {
  it('hands out what is due, oldest due first, and nothing else', async () => {
    await using harness = await open();
    const { work } = harness;
    const offsets = [5, -3, 0, -9, 1, -1];
    await work.apply(
      offsets.map((offset) => change(item(`order-${offset}`, { dueAtMs: NOW + offset }))),
      1n,
    );
    assert.deepEqual(streamsOf(await work.claimDue(NOW, 3, LEASE_MS)), ['order--9', 'order--3', 'order--1']);
    assert.deepEqual(streamsOf(await work.claimDue(NOW, 3, LEASE_MS)), ['order-0']);
    assert.deepEqual(streamsOf(await work.claimDue(NOW + 5, 9, LEASE_MS)), ['order-1', 'order-5']);
  });

  it('hands an item to one caller alone until its lease is over', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply(
      Array.from({ length: 30 }, (_, number) => change(item(`order-${number}`))),
      1n,
    );
    const claims = await Promise.all(Array.from({ length: 8 }, () => work.claimDue(NOW, 7, LEASE_MS)));
    assert.equal(claims.flat().length, 30);
    assert.equal(new Set(streamsOf(claims.flat())).size, 30);
    assert.deepEqual(await work.claimDue(NOW + LEASE_MS - 1, 100, LEASE_MS), []);
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW + LEASE_MS]);
    assert.equal((await work.claimDue(NOW + LEASE_MS, 100, LEASE_MS)).length, 30);
  });

  it('says of an item that was claimed or leased before, and let go by nobody', async () => {
    await using harness = await open();
    const { work } = harness;
    const leasedUntilMs = NOW + LEASE_MS;
    await work.apply([change(item('order-1')), change({ ...item('order-2'), leasedUntilMs }), change(item('order-3'))], 1n);
    const leases = async (nowMs: number) =>
      (await work.claimDue(nowMs, 10, LEASE_MS)).map(({ stream, wasLeased }) => `${stream} ${wasLeased}`).toSorted();
    assert.deepEqual(await leases(NOW), ['order-1 false', 'order-3 false']);
    await work.defer({ stream: 'order-3', step: 'advance', attempt: 1 }, NOW + 1);
    assert.deepEqual(await leases(NOW + LEASE_MS), ['order-1 true', 'order-2 true', 'order-3 false']);
  });

  it('keeps the lease that an item came with when the log names the same step and attempt again', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change({ ...item('order-1'), leasedUntilMs: NOW + LEASE_MS })], 1n);
    await work.apply([change(item('order-1', { revision: 1 }))], 2n);
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW + LEASE_MS]);
    await work.apply([change(item('order-1', { revision: 2, attempt: 2 }))], 3n);
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW]);
  });

  it('makes a lease last, and nothing else', async () => {
    await using harness = await open();
    const { work } = harness;
    const leased = { leasedUntilMs: NOW + LEASE_MS };
    await work.apply(
      [
        change({ ...item('order-1'), ...leased }),
        change({ ...item('order-2'), ...leased }),
        change(item('order-3')),
        change(item('order-4')),
      ],
      1n,
    );
    await work.defer({ stream: 'order-4', step: 'advance', attempt: 1 }, NOW + 7);
    const named = (stream: string, attempt = 1) => ({ stream, step: 'advance', attempt });
    await work.renew([named('order-1'), named('order-2', 2), named('order-3'), named('order-4'), named('order-5')], NOW + 2 * LEASE_MS);
    await work.renew([named('order-1')], NOW + 1);
    await work.renew([], NOW + 1);
    const due = await Promise.all([1, 2, 3, 4].map((number) => dueAt(work, `order-${number}`)));
    assert.deepEqual(due.flat(), [NOW + 2 * LEASE_MS, NOW + LEASE_MS, NOW, NOW + 7]);
  });

  it('ends a lease before its time, and nothing else', async () => {
    await using harness = await open();
    const { work } = harness;
    const leasedUntilMs = NOW + LEASE_MS;
    await work.apply([change({ ...item('order-1'), leasedUntilMs }), change({ ...item('order-2'), leasedUntilMs })], 1n);
    await work.apply(
      [3, 4, 5].map((number) => change(item(`order-${number}`, { dueAtMs: NOW - number }))),
      2n,
    );
    await work.claimDue(NOW, 10, LEASE_MS);
    await work.defer({ stream: 'order-4', step: 'advance', attempt: 1 }, NOW + 7);
    const named = (stream: string, attempt = 1) => ({ stream, step: 'advance', attempt });
    await work.release([named('order-1'), named('order-2', 2), named('order-3'), named('order-4'), named('order-9')]);
    await work.release([]);
    const due = await Promise.all([1, 2, 3, 4, 5].map((number) => dueAt(work, `order-${number}`)));
    assert.deepEqual(due.flat(), [NOW, leasedUntilMs, NOW - 3, NOW + 7, leasedUntilMs]);
    const claimed = await work.claimDue(NOW, 10, LEASE_MS);
    assert.deepEqual(
      claimed.map(({ stream, wasLeased }) => `${stream} ${wasLeased}`),
      ['order-3 false', 'order-1 false'],
    );
  });

  it('ends the lease of an item that had been deferred before it', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1'))], 1n);
    const named = { stream: 'order-1', step: 'advance', attempt: 1 };
    await work.defer(named, NOW + 5);
    await work.claimDue(NOW + 5, 1, LEASE_MS);
    await work.release([named]);
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW + 5]);
  });

  it('keeps a claim and a deferral when the log names the same step and attempt again, and no longer than that', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1')), change(item('order-2'))], 1n);
    await work.claimDue(NOW, 10, LEASE_MS);
    await work.defer({ stream: 'order-2', step: 'advance', attempt: 1 }, NOW + 90_000);
    await work.apply([change(item('order-1', { revision: 1 })), change(item('order-2', { revision: 1 }))], 2n);
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW + LEASE_MS]);
    assert.deepEqual(await dueAt(work, 'order-2'), [NOW + 90_000]);
    await work.apply(
      [change(item('order-1', { revision: 2, dueAtMs: NOW + 500_000 })), change(item('order-2', { revision: 2, attempt: 2 }))],
      3n,
    );
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW + 500_000], 'the log asks for a later time');
    assert.deepEqual(await dueAt(work, 'order-2'), [NOW], 'another attempt is another item');
  });

  it('follows the log to an earlier time when nobody moved the item', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1', { dueAtMs: NOW + 9_000 }))], 1n);
    await work.apply([change(item('order-1', { revision: 1, dueAtMs: NOW + 1 }))], 2n);
    assert.deepEqual(await dueAt(work, 'order-1'), [NOW + 1]);
  });

  it('defers an item forward or back, and nothing that is gone or another attempt', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply([change(item('order-1'), item('order-1', { step: 'deadline' }))], 1n);
    await work.defer({ stream: 'order-1', step: 'advance', attempt: 1 }, NOW + 60_000);
    assert.deepEqual(
      (await work.claimDue(NOW, 10, LEASE_MS)).map(({ step }) => step),
      ['deadline'],
    );
    await work.defer({ stream: 'order-1', step: 'advance', attempt: 1 }, NOW - 5);
    assert.deepEqual(
      (await work.claimDue(NOW, 10, LEASE_MS)).map(({ step }) => step),
      ['advance'],
    );
    await work.defer({ stream: 'order-1', step: 'advance', attempt: 2 }, NOW);
    await work.defer({ stream: 'order-2', step: 'advance', attempt: 1 }, NOW);
    assert.deepEqual(await work.claimDue(NOW, 10, LEASE_MS), []);
    assert.deepEqual(await work.ofStream('order-2'), []);
  });

  it('wakes a queue evenly over a span, oldest first, but for what is in hand', async () => {
    await using harness = await open();
    const { work } = harness;
    const waiting = (number: number) =>
      item(`order-${number}`, { queue: 'outbound.erp', dueAtMs: NOW + 900_000 + number, sinceMs: NOW - number });
    await work.apply(
      [
        ...[1, 2, 3, 4].map((number) => change(waiting(number))),
        change(item('order-9')),
        change(item('order-8', { queue: 'outbound.erp' })),
      ],
      1n,
    );
    assert.deepEqual(streamsOf(await work.claimDue(NOW, 10, LEASE_MS)).toSorted(), ['order-8', 'order-9']);
    assert.equal(await work.wake('outbound.erp', NOW, 1_000), 4);
    const due = await Promise.all([4, 3, 2, 1].map((number) => dueAt(work, `order-${number}`)));
    assert.deepEqual(due.flat(), [NOW, NOW + 250, NOW + 500, NOW + 750]);
    assert.deepEqual(await dueAt(work, 'order-8'), [NOW + LEASE_MS], 'somebody holds its lease');
    assert.deepEqual(await dueAt(work, 'order-9'), [NOW + LEASE_MS], 'another queue');
    assert.equal(await work.wake('outbound.nobody', NOW, 1_000), 0);
  });

  it('keeps due order through any number of changes', async () => {
    await using harness = await open();
    const { work } = harness;
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 1; round <= 40; round += 1) {
      const touched = new Set(Array.from({ length: 20 }, () => random(200)));
      await work.apply(
        [...touched].map((number) =>
          random(3) === 0
            ? done(`order-${number}`, round)
            : change(item(`order-${number}`, { revision: round, attempt: round, dueAtMs: random(10_000) })),
        ),
        BigInt(round),
      );
    }
    const dueTimes = new Map((await work.list({}, 1_000)).map(({ stream, dueAtMs }) => [stream, dueAtMs]));
    assert.ok(dueTimes.size > 50);
    const claimed: (number | undefined)[] = [];
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 500)
      claimed.push(...(await work.claimDue(nowMs, 1_000, 10 ** 9)).map(({ stream }) => dueTimes.get(stream)));
    assert.deepEqual(
      claimed,
      [...dueTimes.values()].toSorted((a, b) => a - b),
    );
  });
};

const viewContract = (open: () => Promise<OpenWorkHarness>) => {
  it('lists by queue and partner, waiting longest first', async () => {
    await using harness = await open();
    const { work } = harness;
    const rows = [
      item('order-1', { sinceMs: 30 }),
      item('order-2', { sinceMs: 10, partnerId: 'zeta' }),
      item('order-3', { sinceMs: 20, queue: 'outbound.erp' }),
      item('order-4', { sinceMs: 40, queue: 'outbound.erp', partnerId: 'zeta' }),
    ];
    await work.apply(
      rows.map((row) => change(row)),
      1n,
    );
    assert.deepEqual(streamsOf(await work.list({}, 3)), ['order-2', 'order-3', 'order-1']);
    assert.deepEqual(streamsOf(await work.list({ queue: 'outbound.erp' }, 10)), ['order-3', 'order-4']);
    assert.deepEqual(streamsOf(await work.list({ partnerId: 'zeta' }, 10)), ['order-2', 'order-4']);
    assert.deepEqual(streamsOf(await work.list({ partnerId: 'zeta', queue: 'outbound.erp' }, 10)), ['order-4']);
  });

  it('counts per queue what is open and due, and since when', async () => {
    await using harness = await open();
    const { work } = harness;
    await work.apply(
      [
        change(item('order-1', { sinceMs: 30, dueAtMs: NOW }), item('order-1', { step: 'deadline', sinceMs: 25, dueAtMs: NOW + 1 })),
        change(item('order-2', { sinceMs: 10, dueAtMs: NOW - 5 })),
        change(item('order-3', { sinceMs: 20, dueAtMs: NOW + 7, queue: 'outbound.erp' })),
      ],
      1n,
    );
    const stats = (await work.stats(NOW)).toSorted((a, b) => (a.queue < b.queue ? -1 : 1));
    assert.deepEqual(stats, [
      { queue: 'orchestration.order', open: 3, due: 2, oldestSinceMs: 10, oldestDueAtMs: NOW - 5 },
      { queue: 'outbound.erp', open: 1, due: 0, oldestSinceMs: 20, oldestDueAtMs: NOW + 7 },
    ]);
  });
};
