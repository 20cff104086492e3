import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@sagahub/contracts/ids.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { copyDatabase } from './backup.ts';
import { openSqliteEventStore } from './event-store.ts';
import { openLogReader } from './log-reader.ts';
import { openLogDatabase } from './log.ts';

const event = (text: string) => ({
  id: newId(),
  type: 'Noted',
  data: { text },
  metadata: { time: '2026-11-20T10:00:00.000Z', correlationId: newId(), actor: 'test', schemaVersion: 1 },
});

describe('copying a database', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sagahub-backup-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('ends under load with one moment of the log, in one file, and disturbs no writer', async () => {
    await using log = await openLogDatabase(join(folder, 'log.db'));
    await using store = await openSqliteEventStore(log, { clock: manualClock() });
    const filler = 'x'.repeat(20_000);
    for (let i = 0; i < 40; i++)
      await store.appendMany(
        Array.from({ length: 20 }, (_, j) => ({ stream: `note-${i}-${j}`, expectedRevision: -1, events: [event(filler)] })),
      );
    const before = await store.lastPosition();
    const stop = new AbortController();
    let written = 0;
    const writer = (async () => {
      for (; !stop.signal.aborted; written++)
        await store.append({ stream: `late-${written}`, expectedRevision: -1, events: [event('late')] });
    })();
    let steps = 0;
    const copying = copyDatabase(join(folder, 'log.db'), join(folder, 'copy.db'), { pagesPerStep: 100, onProgress: () => (steps += 1) });
    const moment = await store.lastPosition();
    await copying;
    stop.abort();
    await writer;
    assert.ok(steps > 1 && written > 0, `${steps} steps, ${written} appends meanwhile`);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('copy')),
      ['copy.db'],
    );
    using copy = openLogReader(join(folder, 'copy.db'));
    const position = await copy.lastPosition();
    assert.ok(position >= before && position <= moment, `${before} ${position} ${moment}`);
    const rows = await copy.readRaw({ after: 0n, limit: 100_000 });
    assert.deepEqual(
      rows.map((row) => row.position),
      Array.from({ length: Number(position) }, (_, index) => BigInt(index + 1)),
    );
  });

  it('says that there is no log', () => {
    assert.throws(() => openLogReader(join(folder, 'log.db')), /there is no log at/);
  });
});
