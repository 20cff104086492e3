import assert from 'node:assert/strict';
import { appendOf } from '@sagahub/contracts/ports/event-store-harness.contract.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { systemClock } from '../process/clock.ts';
import { openPostgresEventStore } from './event-store.ts';
import { openOnSchema, privateServer } from './testing/hub-harness.ts';
import { type MemberProcess, startMember } from './testing/member-process.ts';
import { verifiedLog } from './testing/verified-log.ts';

const server = privateServer();
const LEASE_MS = 2_000;

/** A log that this process reads and appends to, and never sequences; members do. */
const openReader = async () =>
  openOnSchema(server(), ({ database }) => openPostgresEventStore(database, { clock: systemClock() }), {
    url: await server().createDatabase(),
  });

/** Once everything has its place that a member was told is appended. */
const completeLog = async (store: Awaited<ReturnType<typeof openReader>>['port'], members: readonly MemberProcess[]) => {
  const appended = members.flatMap(({ heard }) => heard.filter((message) => message.kind === 'appended'));
  let log = await verifiedLog(store);
  await eventually('all that was appended is in the log', async () => {
    log = await verifiedLog(store);
    return appended.every(({ stream, revision }) => (log.revisions.get(stream) ?? -1) >= revision);
  });
  return log.rows;
};

describe('log in PostgreSQL, with many processes', function () {
  it('takes appends of all of them at once, places each once, and delivers all of it in order', async () => {
    await using harness = await openReader();
    const { port: store, url } = harness;
    await using starting = new AsyncDisposableStack();
    const members = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => starting.use(await startMember(url, name, LEASE_MS))));
    const delivered: bigint[] = [];
    await using subscription = store.subscribe({
      after: LOG_START,
      onEvents: (events) => void delivered.push(...events.map(({ position }) => position)),
    });
    for (const member of members) member.write({ writers: 6, rounds: 12 });
    await Promise.all(members.map((member) => member.done()));
    assert.equal(members.filter(({ leads }) => leads).length, 1, 'one of them sequences');
    assert.deepEqual(
      members.flatMap(({ heard }) => heard).filter(({ kind }) => kind === 'failed'),
      [],
    );
    const rows = await completeLog(store, members);
    assert.ok(rows.length >= 1 + 4 * 6 * 12 * 7);
    await eventually('everything is delivered', () => subscription.position === BigInt(rows.length));
    assert.deepEqual(
      delivered,
      rows.map(({ position }) => position),
    );
  });

  it('goes on without the sequencer that is killed, and without one that hangs, which writes nothing when it wakes up', async () => {
    await using harness = await openReader();
    const { port: store, url } = harness;
    await using stack = new AsyncDisposableStack();
    const delivered: bigint[] = [];
    await using subscription = store.subscribe({
      after: LOG_START,
      onEvents: (events) => void delivered.push(...events.map(({ position }) => position)),
    });
    const reaches = async (what: string) => {
      const { revision } = await store.append(appendOf(`order-${what}`));
      assert.equal(revision, 0);
      await eventually(`an append is delivered ${what}`, () =>
        store.lastPosition().then((end) => subscription.position >= end && placed(what)),
      );
    };
    const placed = async (what: string) => (await store.readRaw({ after: LOG_START, limit: 1, stream: `order-${what}` })).length === 1;

    const first = stack.use(await startMember(url, 'first', LEASE_MS));
    await eventually('the first leads', () => first.leads);
    const second = stack.use(await startMember(url, 'second', LEASE_MS));
    await reaches('before');
    first.write({ writers: 4, rounds: 1_000 });
    await eventually('the first is at work', () => first.heard.length > 20);
    first.signal('SIGKILL');
    await eventually('the second leads', () => second.leads);
    await reaches('after-the-kill');

    const third = stack.use(await startMember(url, 'third', LEASE_MS));
    second.write({ writers: 4, rounds: 1_000 });
    await eventually('the second is at work', () => second.heard.length > 20);
    second.signal('SIGSTOP');
    await eventually('the third leads', () => third.leads);
    await reaches('while-the-second-hangs');
    const heardBefore = second.heard.length;
    second.signal('SIGCONT');
    await eventually('the second is at work again', () => second.heard.length > heardBefore + 20);
    await reaches('after-it-woke');
    second.signal('SIGKILL');
    await reaches('at-the-end');

    const rows = await completeLog(store, [first, second, third]);
    await eventually('everything is delivered', () => subscription.position === BigInt(rows.length));
    assert.deepEqual(
      delivered,
      rows.map(({ position }) => position),
    );
    const epochs = [first, second, third].map(
      ({ heard }) => heard.flatMap((message) => (message.kind === 'leads' ? [BigInt(message.epoch)] : []))[0]!,
    );
    assert.ok(epochs[0]! < epochs[1]! && epochs[1]! < epochs[2]!, epochs.join());
  });
});
