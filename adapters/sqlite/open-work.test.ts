import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { openWorkContract } from '@sagahub/contracts/ports/open-work.contract.ts';
import type { WorkItem } from '@sagahub/contracts/ports/open-work.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { openSqliteOpenWork } from './open-work.ts';
import { openOnLog } from './testing/log-harness.ts';

const openHarness = () => openOnLog((log, clock) => openSqliteOpenWork(log, { clock }));

openWorkContract('sqlite', async () => {
  const { port, reopen, ...rest } = await openHarness();
  return { ...rest, work: port, reopen: async () => (await reopen()).port };
});

describe('open work in SQLite', () => {
  const item = (stream: string, dueAtMs = 0): WorkItem => ({
    stream,
    step: 'advance',
    queue: 'q',
    partnerId: 'p',
    attempt: 1,
    dueAtMs,
    sinceMs: 0,
    revision: 0,
    sagaVersion: 0,
  });
  const added = (stream: string) => ({ stream, revision: 0, items: [item(stream)] });
  const done = (stream: string) => ({ stream, revision: 1, items: [] });
  /** What stands in the file, as another process would see it. */
  const copyIn = (path: string) => {
    using db = new DatabaseSync(path, { readOnly: true });
    return {
      streams: db
        .prepare('SELECT stream FROM open_work ORDER BY stream')
        .all()
        .map((row) => row['stream']),
      position: db.prepare('SELECT position FROM open_work_checkpoint').get()?.['position'],
    };
  };

  it('copies changes and checkpoint together, a quarter of a second after the first', async () => {
    await using harness = await openHarness();
    const { port, path, clock } = harness;
    await port.apply([added('order-1')], 5n);
    await clock.advance(200);
    await port.apply([added('order-2')], 8n);
    assert.deepEqual(copyIn(path), { streams: [], position: '0' });
    await clock.advance(50);
    await eventually('the copy is written', () => copyIn(path).position === '8');
    assert.deepEqual(copyIn(path).streams, ['order-1', 'order-2']);
    await port.apply([done('order-1')], 9n);
    await clock.sleeping(1);
    await clock.advance(250);
    await eventually('the next copy is written', () => copyIn(path).position === '9');
    assert.deepEqual(copyIn(path).streams, ['order-2']);
    assert.equal(clock.sleepers, 0, 'without changes nothing wakes');
  });

  it('never writes rows that are born and done between two copies', async () => {
    await using harness = await openHarness();
    const { port, path, clock, log } = harness;
    const { writer } = log;
    const calls: unknown[] = [];
    const call = writer.call.bind(writer);
    writer.call = (name, args) => {
      calls.push(args);
      return call(name, args);
    };
    for (let number = 1; number <= 50; number += 1) {
      await port.apply([added(`order-${number}`)], BigInt(number * 2));
      await port.apply([done(`order-${number}`)], BigInt(number * 2 + 1));
    }
    await clock.advance(250);
    await eventually('the checkpoint is copied', () => copyIn(path).position === '101');
    assert.deepEqual(calls, [['101']]);
  });

  it('tries again what a full disk refused', async () => {
    await using harness = await openHarness();
    const { port, path, clock, log } = harness;
    log.writer.limitPages(1);
    await port.apply(
      Array.from({ length: 200 }, (_, number) => added(`order-${number}-${'x'.repeat(100)}`)),
      5n,
    );
    await clock.advance(250);
    await clock.sleeping(1);
    assert.equal(copyIn(path).position, '0');
    assert.equal((await port.claimDue(0, 1_000, 1)).length, 200, 'it works on in memory');
    log.writer.limitPages(0);
    await clock.advance(250);
    await eventually('the copy is written', () => copyIn(path).position === '5');
    assert.equal(copyIn(path).streams.length, 200);
  });

  it('forgets leases with the process that held them', async () => {
    await using harness = await openHarness();
    await harness.port.apply([added('order-1')], 5n);
    assert.equal((await harness.port.claimDue(10, 5, 60_000)).length, 1);
    const { port } = await harness.reopen();
    assert.equal((await port.claimDue(10, 5, 60_000)).length, 1);
  });
});
