import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigurationError, DataFolderInUseError } from '@sagahub/contracts/errors.ts';

const LOCK_FILE = 'lock.db';
const OWNER_FILE = 'owner';
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** The folder that holds everything the embedded profile keeps, owned by this process until disposed. */
export interface DataFolder extends Disposable {
  /** Absolute. */
  readonly path: string;
  /** Absolute path of a file in it. */
  file(name: string): string;
}

/**
 * Creates the folder when it is missing (readable by its owner alone) and takes possession of it: an exclusive lock that the
 * operating system releases when the process ends in whatever way. `owner` in it only tells others who holds the lock.
 *
 * Nothing in this process may open `lock.db` by other means (a copy in a backup, say): closing it would release the lock.
 *
 * @throws ConfigurationError it cannot be created or written to; says what to do
 * @throws DataFolderInUseError another process holds it
 */
export const openDataFolder = (path: string): DataFolder => {
  const folder = resolve(path);
  makeWritable(folder);
  const lock = acquireLock(folder);
  writeFileSync(join(folder, OWNER_FILE), `process ${process.pid} on ${hostname()}\n`);
  let held = true;
  return {
    path: folder,
    file: (name) => join(folder, name),
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      rmSync(join(folder, OWNER_FILE), { force: true });
      lock.close();
    },
  };
};

const makeWritable = (folder: string): void => {
  try {
    makeFolders(folder);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigurationError([`the data folder ${folder} cannot be used: ${adviceFor(error)}`]);
  }
};

/** One by one: `mkdir` with `recursive` never comes back where a folder cannot be made, as below /proc. */
const makeFolders = (folder: string): void => {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(folder)) throw error; // another process may have made it meanwhile
  }
};

const adviceFor = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `user id ${process.getuid?.() ?? 'of this process'} may not write there. Change its owner (chown), or set HUB_DATA_DIR to a folder it may write to`;
    case 'EEXIST':
    case 'ENOTDIR':
      return 'there is a file of that name. Move it away, or set HUB_DATA_DIR to another folder';
    case 'EROFS':
      return 'the file system is read-only. Mount it writable, or set HUB_DATA_DIR to a folder on another one';
    case 'ENOSPC':
      return 'the disk is full. Free some space, or set HUB_DATA_DIR to a folder on another disk';
    default:
      return `${code}. Set HUB_DATA_DIR to a folder on a local disk that this user may write to`;
  }
};

/** The open transaction is the lock. It is a lock of the file, so it ends with the process even on `kill -9`. */
const acquireLock = (folder: string): DatabaseSync => {
  const path = join(folder, LOCK_FILE);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    const code = (error as { errcode?: number }).errcode ?? 0;
    if ((code & 0xff) === SQLITE_BUSY) throw new DataFolderInUseError(folder, ownerOf(folder));
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB)
      throw new ConfigurationError([`${path} is damaged. It holds nothing: delete it and start again`]);
    throw new ConfigurationError([`${path} cannot be locked: ${(error as Error).message}. Set HUB_DATA_DIR to a folder on a local disk`]);
  }
};

const ownerOf = (folder: string): string | undefined => {
  try {
    return readFileSync(join(folder, OWNER_FILE), 'utf8').trim() || undefined;
  } catch {
    return undefined; // it has taken the lock a moment ago and not yet said who it is
  }
};
