import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { openReadConnection } from '@sagahub/adapters/sqlite/connection.ts';
import { EventReader } from '@sagahub/adapters/sqlite/event-reader.ts';
import { chainHash, chainStart } from '@sagahub/contracts/event-codec.ts';
import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { LogCursors } from '../log-cursor.ts';
import { completed, received, validated } from '../testing/order-story.ts';
import { newOrderId, openSite, type Site } from '../testing/site.ts';
import { exportLine } from './export-line.ts';
import { rawEventsOf, rawEventsOfFile, type RawSource } from './raw-events.ts';
import { type Fault, type Verification, verifyLog, type VerifyOptions } from './verify.ts';

const verify = async (source: RawSource, options: Partial<VerifyOptions> = {}): Promise<Verification> => {
  let last: Verification | undefined;
  for await (const report of verifyLog(source, { dense: true, ...options })) last = report;
  return last!;
};

describe('verifying the log', () => {
  let site: Site;
  let rows: RawEvent[];
  let victim: string;
  let tamperings = 0;

  /** Alters a copy of the database as someone with the file in hand could, and verifies the copy. */
  const tamper = async (alter: (database: DatabaseSync) => void, options: Partial<VerifyOptions> = {}): Promise<Fault | undefined> => {
    tamperings += 1;
    const copy = site.path(`copy-${tamperings}.db`);
    for (const part of ['', '-wal']) await copyFile(site.path(`log.db${part}`), copy + part).catch(() => {});
    const database = new DatabaseSync(copy);
    for (const name of ['events_are_never_changed', 'events_are_never_deleted', 'streams_are_never_changed'])
      database.exec(`DROP TRIGGER ${name}`);
    database.exec('DROP INDEX events_by_stream; CREATE INDEX events_by_stream ON events (stream, revision)');
    alter(database);
    database.close();
    const connection = openReadConnection(copy);
    try {
      const reader = new EventReader(connection);
      const store = {
        readRaw: ({ after, limit, stream }: { after: bigint; limit: number; stream?: string }) =>
          Promise.resolve(reader.raw(Number(after), limit, stream)),
        lastPosition: () => Promise.resolve(BigInt(reader.lastPosition())),
      };
      return (await verify(rawEventsOf(store), options)).fault;
    } finally {
      connection.close();
    }
  };
  const row = (revision: number): RawEvent => rows.find((event) => event.stream === `order-${victim}` && event.revision === revision)!;
  const at = (revision: number): number => Number(row(revision).position);

  before(async () => {
    site = await openSite();
    const ids = Array.from({ length: 4 }, () => newOrderId());
    victim = ids[1]!;
    for (const id of ids) await site.tell(id, [received(id)]);
    for (const event of [...validated, ...completed]) for (const id of ids) await site.tell(id, [event]);
    rows = await site.store.readRaw({ after: 0n, limit: 1_000 });
  });
  after(() => site[Symbol.asyncDispose]());

  it('finds an untouched log intact', async () => {
    assert.deepEqual(await verify(rawEventsOf(site.store)), { events: 25, streams: 5, head: 25n, finished: true });
    assert.equal(await tamper(() => {}), undefined);
  });

  it('names an event whose data was edited', async () => {
    const fault = await tamper((database) =>
      database.exec(`UPDATE events SET bytes = replace(bytes, '20.00', '10.00') WHERE position = ${at(2)}`),
    );
    assert.deepEqual([fault?.kind, fault?.position, fault?.stream, fault?.revision], ['edited', row(2).position, `order-${victim}`, 2]);
  });

  it('names an event whose hash was altered', async () => {
    const fault = await tamper((database) => database.exec(`UPDATE events SET hash = '${'0'.repeat(64)}' WHERE position = ${at(2)}`));
    assert.deepEqual([fault?.kind, fault?.revision], ['edited', 2]);
  });

  it('names an event that was removed, whether or not positions were closed up', async () => {
    const gap = await tamper((database) => database.exec(`DELETE FROM events WHERE position = ${at(3)}`));
    assert.deepEqual([gap?.kind, gap?.position, gap?.stream, gap?.revision], ['removed', row(3).position, `order-${victim}`, 3]);
    const closed = await tamper((database) =>
      database.exec(`DELETE FROM events WHERE position = ${at(3)}; UPDATE events SET position = -position WHERE position > ${at(3)};
        UPDATE events SET position = -position - 1 WHERE position < 0`),
    );
    assert.deepEqual([closed?.kind, closed?.stream, closed?.revision], ['removed', `order-${victim}`, 3]);
  });

  it('names the last event of a stream that was removed, and the end of the log that was cut off', async () => {
    const last = await tamper((database) => database.exec(`DELETE FROM events WHERE position = ${at(5)}`));
    assert.deepEqual([last?.kind, last?.position], ['removed', row(5).position]);
    const cut = await tamper((database) => database.exec('DELETE FROM events WHERE position > 20'), { atLeast: 25n });
    assert.deepEqual([cut?.kind, cut?.position], ['removed', 21n]);
  });

  it('names the first of two events that were swapped, and where its own stands', async () => {
    const swapBytes = await tamper((database) => {
      const [first, second] = [row(1), row(2)];
      const update = database.prepare('UPDATE events SET bytes = ? WHERE position = ?');
      update.run(second.bytes, Number(first.position));
      update.run(first.bytes, Number(second.position));
    });
    assert.deepEqual([swapBytes?.kind, swapBytes?.revision], ['moved', 1]);
    assert.match(swapBytes?.detail ?? '', new RegExp(`stands at position ${at(2)}\\b`));
    const swapPlaces = await tamper((database) =>
      database.exec(`UPDATE events SET position = -1 WHERE position = ${at(1)}; UPDATE events SET position = ${at(1)} WHERE position = ${at(2)};
        UPDATE events SET position = ${at(2)} WHERE position = -1`),
    );
    assert.deepEqual([swapPlaces?.kind, swapPlaces?.position, swapPlaces?.revision], ['moved', row(1).position, 1]);
  });

  it('names an event that was moved to another stream', async () => {
    const fault = await tamper((database) =>
      database.exec(`UPDATE streams SET name = CASE name WHEN 'order-${victim}' THEN 'order-x' ELSE name END`),
    );
    assert.deepEqual([fault?.kind, fault?.position, fault?.stream, fault?.revision], ['edited', row(0).position, 'order-x', 0]);
  });

  it('works on an exported file, and names the line that was edited', async () => {
    const cursors = new LogCursors(site.store.logId);
    const lines = rows.map((event, index) => exportLine(event, cursors, index % 2 === 0 ? { buyer: { name: 'Ada' } } : undefined));
    const file = site.path('export.ndjson');
    await writeFile(file, `${lines.join('\n')}\n`);
    assert.deepEqual(await verify(rawEventsOfFile(file)), { events: 25, streams: 5, head: 25n, finished: true });
    const edited = lines.map((line, index) => (index === at(2) - 1 ? line.replace('"20.00"', '"10.00"') : line));
    await writeFile(file, edited.join('\n'));
    const { fault } = await verify(rawEventsOfFile(file));
    assert.deepEqual([fault?.kind, fault?.stream, fault?.revision], ['edited', `order-${victim}`, 2]);
    await writeFile(file, [...lines.slice(0, 3), 'garbage'].join('\n'));
    await assert.rejects(verify(rawEventsOfFile(file)), /export\.ndjson:4 is no line of an exported log/);
  });

  it('works on the export of one stream, where positions have gaps', async () => {
    assert.deepEqual((await verify(rawEventsOf(site.store, `order-${victim}`), { dense: false })).events, 6);
  });

  it('says of bytes that hash rightly and are no event that nobody can read them', async () => {
    const bytes = 'not json';
    const rogue = [{ position: 1n, stream: 'order-x', revision: 0, bytes, hash: chainHash(chainStart('order-x'), bytes) }];
    const { fault } = await verify(async function* () {
      yield* rogue;
    });
    assert.equal(fault?.kind, 'unreadable');
  });
});
