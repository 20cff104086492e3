import { DatabaseSync } from 'node:sqlite';

/** How long a connection waits for another one's lock (a backup, a checkpoint) before it gives up. */
const BUSY_TIMEOUT_MS = 5_000;
/** The write-ahead log is cut back to this after a checkpoint; it may grow beyond it while a reader holds on to an old page. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;
/** Pages between checkpoints: a page changed ten times in between is written to the database once (1,000 cost 20 % more). */
const CHECKPOINT_PAGES = 4_000;
/**
 * Memory for pages of one connection; it fills up and is never given back. The log is written at its end and its indexes are narrow: at
 * a million stored streams its statements took an order no longer than with 64 MiB. A page that is not here comes from the system's cache.
 */
const CACHE_KIB = 8 * 1024;

/** The one connection that writes a database; owned by its writer thread. Every acknowledged commit has reached the disk. */
export const openWriteConnection = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA temp_store = MEMORY;
    PRAGMA recursive_triggers = ON;`); // so that INSERT OR REPLACE fires the triggers that refuse deletes
  return db;
};

/**
 * A connection that only reads, for the main thread: queries run while the writer commits, and see what was committed when they
 * began. Read in pages (`all()` of about 500 rows): a statement left half read keeps the write-ahead log from shrinking.
 */
export const openReadConnection = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true });
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY;`);
  return db;
};

/** Primary result code of an error of `node:sqlite` (13 = full, 10 = I/O, 5 = busy); `undefined` for any other error. */
export const sqliteCode = (error: unknown): number | undefined => {
  const errcode = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
};

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** Is the disk full, or failing? */
export const isStorageFailure = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code === SQLITE_FULL || code === SQLITE_IOERR;
};
