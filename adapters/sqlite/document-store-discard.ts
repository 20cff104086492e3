import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { sqliteCode } from './connection.ts';

const SQLITE_ERROR = 1;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

const isDamage = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
};

/** Exists beside a database in which damage was found while it was in use. */
const markerOf = (path: string): string => `${path}-damaged`;

/** Removes a database that cannot be used any more; everything in it can be rebuilt. Returns why it did. */
export const discardIfUnusable = (path: string, fingerprint: string): string | undefined => {
  const reason = existsSync(path) ? unusable(path, fingerprint) : undefined;
  if (reason) for (const file of [path, `${path}-wal`, `${path}-shm`, markerOf(path)]) rmSync(file, { force: true });
  return reason;
};

const unusable = (path: string, fingerprint: string): string | undefined => {
  if (existsSync(markerOf(path))) return 'it was found to be damaged while it was in use';
  try {
    using db = new DatabaseSync(path, { readOnly: true });
    const about = db.prepare('SELECT fingerprint FROM about').get();
    return about?.fingerprint === fingerprint ? undefined : 'it is of another log, or of a release with other collections';
  } catch (error) {
    if (isDamage(error)) return 'it is damaged';
    if (sqliteCode(error) === SQLITE_ERROR) return 'it holds other tables than those of a read model';
    throw error;
  }
};

/** Remembers damage for the next start: a restart heals it, as the projections then fill an empty store. */
export class DamageGuard {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  translate(error: unknown): unknown {
    if (!isDamage(error)) return error;
    writeFileSync(markerOf(this.#path), '');
    return new UnavailableError('HUB_READ_MODEL_DAMAGED', `${this.#path} is damaged; restart the hub: it is rebuilt from the log`, {
      cause: error,
    });
  }
}
