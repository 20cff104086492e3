import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyStoreContract } from '@sagahub/contracts/ports/key-store.contract.ts';
import { StorageFullError } from '@sagahub/contracts/errors.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { availability as smallDiskMissing, mountSmallDisk } from '../../tests/servers/small-disk.ts';
import { openSqliteKeyStore } from './key-store.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

keyStoreContract('sqlite', async () => {
  const folder = await temporaryFolder();
  return {
    open: () => openSqliteKeyStore({ path: folder.path('keys.db') }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
keyStoreContract('sqlite, with a cache that holds next to nothing', async () => {
  const folder = await temporaryFolder();
  return {
    open: () => openSqliteKeyStore({ path: folder.path('keys.db'), cachedSubjects: 1 }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

/** In any file of the database. */
const onDisk = (path: string, secret: Uint8Array): boolean =>
  readdirSync(dirname(path)).some((name) => readFileSync(join(dirname(path), name)).includes(Buffer.from(secret)));

describe('SQLite key store', () => {
  it('lets nobody but its owner read any of its files, even one that was readable before', async () => {
    await using folder = await temporaryFolder();
    const path = folder.path('keys.db');
    writeFileSync(path, '', { mode: 0o644 });
    await using store = await openSqliteKeyStore({ path });
    await store.subjectKey('acme\nada');
    const modes = readdirSync(dirname(path)).map((name) => [name, statSync(join(dirname(path), name)).mode & 0o777]);
    assert.deepEqual(Object.fromEntries(modes), { 'keys.db': 0o600, 'keys.db-shm': 0o600, 'keys.db-wal': 0o600 });
  });

  it('refuses what it cannot store on a full disk, and goes on once there is room', async function () {
    const missing = smallDiskMissing();
    if (missing) return skip(this, missing);
    await using folder = await temporaryFolder();
    mkdirSync(folder.path('small'));
    using disk = mountSmallDisk(folder.path('small'), 2);
    await using store = await openSqliteKeyStore({ path: folder.path('small/keys.db') });
    await store.putSecret('a', Buffer.alloc(64, 'replaced '));
    await Promise.all(Array.from({ length: 1_000 }, (_, buyer) => store.subjectKey(`acme\n${buyer}`))); // still in the write-ahead log
    disk.fill();
    await assert.rejects(store.putSecret('a', Buffer.alloc(100_000, 'more ')), StorageFullError);
    disk.free();
    assert.ok((await store.subjectKey('acme\nada')).key);
    await store.deleteSecret('a');
    assert.ok(!onDisk(folder.path('small/keys.db'), Buffer.alloc(64, 'replaced ')));
  });

  it('leaves no byte of a key or secret on disk that was erased, deleted or replaced', async () => {
    await using folder = await temporaryFolder();
    const path = folder.path('keys.db');
    await using store = await openSqliteKeyStore({ path });
    const { key } = await store.subjectKey('acme\nada');
    const kept = await store.subjectKey('acme\nbob');
    const [deleted, replaced] = [Buffer.alloc(64, 'deleted '), Buffer.alloc(64, 'replaced ')];
    await store.putSecret('a', deleted);
    await store.putSecret('b', replaced);
    for (const secret of [key, kept.key, deleted, replaced]) assert.ok(onDisk(path, secret));
    await Promise.all([store.eraseSubject('acme\nada'), store.deleteSecret('a'), store.putSecret('b', Buffer.from('new'))]);
    for (const secret of [key, deleted, replaced]) assert.ok(!onDisk(path, secret));
    assert.ok(onDisk(path, kept.key));
  });
});
