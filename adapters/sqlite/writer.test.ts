import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { threadId } from 'node:worker_threads';
import { ClosedError, ConfigurationError, StorageFullError, UnavailableError } from '@sagahub/contracts/errors.ts';
import type { NotesOperations } from './testing/notes-database.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { openWriter } from './writer.ts';

const module = new URL('./testing/notes-database.ts', import.meta.url);
const open = (path: string) => openWriter<NotesOperations>({ path, module });

describe('writer', () => {
  it('puts all calls of one turn into one transaction, in the order they were made', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    const counts = await Promise.all(['a', 'b', 'c', 'd'].map((text) => writer.call('add', text)));
    assert.deepEqual(counts, [1, 2, 3, 4]);
    assert.equal(await writer.call('commits', undefined), 1);
    assert.deepEqual(await writer.call('texts', undefined), ['a', 'b', 'c', 'd']);
  });

  it('gathers calls made while the thread commits for the next transaction', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    const first = writer.call('add', 'first');
    await new Promise(setImmediate);
    await Promise.all([first, ...['b', 'c', 'd'].map((text) => writer.call('add', text))]);
    assert.equal(await writer.call('commits', undefined), 2);
  });

  it('works in a thread of its own', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    assert.notEqual(await writer.call('thread', undefined), threadId);
  });

  it('keeps what its thread allocates small', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    const youngMiB = await writer.call('youngMiB', undefined);
    assert.ok(youngMiB !== undefined && youngMiB <= 16, `${youngMiB} MiB`);
  });

  it('rejects an operation that throws and commits those that shared its transaction', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    const settled = await Promise.allSettled(['a', 'b', 'a', 'c'].map((text) => writer.call('add', text)));
    assert.deepEqual(
      settled.map((call) => (call.status === 'fulfilled' ? call.value : (call.reason as { errcode: number }).errcode)),
      [1, 2, 2067, 3],
    );
    assert.deepEqual(await writer.call('texts', undefined), ['a', 'b', 'c']);
    assert.equal(await writer.call('remembered', undefined), 1, 'what was remembered before the last rollback was dropped');
  });

  it('refuses an unknown operation and arguments that cannot cross threads', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    await assert.rejects(writer.call('nonsense' as 'add', 'x'), /no operation nonsense/);
    await assert.rejects(writer.call('add', (() => 'x') as unknown as string), { name: 'DataCloneError' });
    assert.equal(await writer.call('add', 'still works'), 1);
  });

  it('finishes what was asked before closing, refuses what comes after', async () => {
    await using folder = await temporaryFolder();
    const writer = await open(folder.path('notes.db'));
    const asked = Array.from({ length: 2_500 }, (_, index) => writer.call('add', `note ${index}`));
    const closing = writer[Symbol.asyncDispose]();
    await assert.rejects(writer.call('add', 'late'), ClosedError);
    await closing;
    assert.equal((await Promise.all(asked)).at(-1), 2_500);
    using db = new DatabaseSync(folder.path('notes.db'));
    assert.deepEqual({ ...db.prepare('SELECT count(*) AS notes FROM notes').get() }, { notes: 2_500 });
  });

  it('refuses a batch that the disk has no room for, and works again when there is room', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    await writer.call('add', 'before');
    writer.limitPages(1);
    await assert.rejects(writer.call('add', 'x'.repeat(100_000)), StorageFullError);
    assert.deepEqual(await writer.call('texts', undefined), ['before'], 'reading goes on');
    writer.limitPages(0);
    assert.equal(await writer.call('add', 'after'), 2);
  });

  it('rejects everything pending and everything later when its thread dies', async () => {
    await using folder = await temporaryFolder();
    await using writer = await open(folder.path('notes.db'));
    await Promise.all([
      assert.rejects(writer.call('die', undefined), UnavailableError),
      assert.rejects(writer.call('add', 'same batch'), UnavailableError),
    ]);
    await assert.rejects(writer.call('add', 'later'), UnavailableError);
  });

  it('brings an older schema up to date and keeps its rows', async () => {
    await using folder = await temporaryFolder();
    {
      using db = new DatabaseSync(folder.path('notes.db'));
      db.exec(`CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT;
        INSERT INTO migrations VALUES (1, '2026-01-01T00:00:00.000Z');
        CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
        INSERT INTO notes (text) VALUES ('old');`);
    }
    await using writer = await open(folder.path('notes.db'));
    assert.deepEqual(await writer.call('texts', undefined), ['old']);
    assert.equal(await writer.call('commits', undefined), 1);
  });

  it('refuses a database of a newer release, and a file that is none, saying which', async () => {
    await using folder = await temporaryFolder();
    {
      using db = new DatabaseSync(folder.path('newer.db'));
      db.exec(`CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT;
        INSERT INTO migrations VALUES (9, '2026-01-01T00:00:00.000Z');`);
    }
    await writeFile(folder.path('letter.db'), 'Dear reader, this is no database at all, however long it goes on.'.repeat(100));
    await assert.rejects(
      open(folder.path('newer.db')),
      (error) => error instanceof ConfigurationError && /newer\.db.*version 9/s.test(error.message),
    );
    await assert.rejects(
      open(folder.path('letter.db')),
      (error) => error instanceof ConfigurationError && /letter\.db/.test(error.message),
    );
  });
});
