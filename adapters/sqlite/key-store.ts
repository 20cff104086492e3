import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ClosedError, ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { KeyStore, SubjectKey } from '@sagahub/contracts/ports/key-store.ts';
import { openReadConnection } from './connection.ts';
import type { KeyOperations } from './key-store-database.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import { openWriter, type Writer } from './writer.ts';

const KEY_BYTES = 32;
const KEY_ID_BYTES = 16;

export interface SqliteKeyStoreOptions {
  /** Of the database file, e.g. `<data folder>/keys.db`. Readable by its owner alone. */
  readonly path: string;
  /**
   * Subjects whose keys stay in memory at least, at most twice as many; about 1.5 KB each with the key object that ciphers use. Asking
   * for any other costs a turn of the writer thread, and no wait for the disk when the key is there. Default 5,000.
   */
  readonly cachedSubjects?: number;
}

/** Keys and secrets in one SQLite file; every write has reached the disk when it resolves, erased keys are overwritten there. */
export const openSqliteKeyStore = async ({ path, cachedSubjects = 5_000 }: SqliteKeyStoreOptions): Promise<KeyStore> => {
  restrictToOwner(path);
  const writer = await openWriter<KeyOperations>({ path, module: new URL('./key-store-database.ts', import.meta.url) });
  return new SqliteKeys(writer, openReadConnection(path), cachedSubjects);
};

/** SQLite gives the files beside the database (write-ahead log, shared memory) the same mode. */
const restrictToOwner = (path: string): void => {
  try {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw new ConfigurationError([`${path} cannot be opened: ${(error as Error).message}`]);
  }
};

class SqliteKeys implements KeyStore {
  readonly #writer: Writer<KeyOperations>;
  readonly #reader: DatabaseSync;
  readonly #keysById: StatementSync;
  readonly #secretByName: StatementSync;
  readonly #bySubject: RecentMap<string, SubjectKey>;
  readonly #byId: RecentMap<string, Uint8Array>;
  /** Erasures begun. The writer keeps the order of calls, so a key asked for before one began may be gone when it arrives. */
  #erasures = 0;
  #closed = false;

  constructor(writer: Writer<KeyOperations>, reader: DatabaseSync, cachedSubjects: number) {
    this.#writer = writer;
    this.#reader = reader;
    this.#keysById = reader.prepare('SELECT key_id AS keyId, key FROM subject_keys WHERE key_id IN (SELECT value FROM json_each(?))');
    this.#secretByName = reader.prepare('SELECT value FROM secrets WHERE name = ?');
    this.#bySubject = new RecentMap(cachedSubjects);
    this.#byId = new RecentMap(cachedSubjects);
  }

  async subjectKey(subject: string): Promise<SubjectKey> {
    const cached = this.#closed ? undefined : this.#bySubject.get(subject);
    if (cached) return cached;
    const erasures = this.#erasures;
    const random = randomBytes(KEY_ID_BYTES + KEY_BYTES);
    const drawn = { keyId: random.toString('base64url', 0, KEY_ID_BYTES), key: random.subarray(KEY_ID_BYTES) };
    const key = (await this.#writer.call('subjectKey', { subject, ...drawn })) ?? drawn;
    if (erasures === this.#erasures) {
      this.#bySubject.set(subject, key);
      this.#byId.set(key.keyId, key.key);
    }
    return key;
  }

  async keys(keyIds: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#requireOpen();
    const found = new Map<string, Uint8Array>();
    const missing: string[] = [];
    for (const keyId of keyIds) {
      const key = this.#byId.get(keyId);
      if (key) found.set(keyId, key);
      else missing.push(keyId);
    }
    if (missing.length === 0) return found;
    for (const row of this.#keysById.all(JSON.stringify(missing)) as unknown as SubjectKey[]) {
      found.set(row.keyId, row.key);
      this.#byId.set(row.keyId, row.key);
    }
    return found;
  }

  async eraseSubject(subject: string): Promise<number> {
    this.#erasures += 1;
    this.#bySubject.delete(subject);
    const keyIds = await this.#writer.call('eraseSubject', subject);
    for (const keyId of keyIds) this.#byId.delete(keyId);
    return keyIds.length;
  }

  async secret(name: string): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    return this.#secretByName.get(name)?.value as Uint8Array | undefined;
  }

  async putSecret(name: string, value: Uint8Array): Promise<void> {
    await this.#writer.call('putSecret', { name, value });
  }

  async createSecret(name: string, value: Uint8Array): Promise<Uint8Array> {
    return this.#writer.call('createSecret', { name, value });
  }

  async deleteSecret(name: string): Promise<void> {
    await this.#writer.call('deleteSecret', name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#bySubject.clear();
    this.#byId.clear();
    this.#reader.close(); // first, so that the writer is the last to leave and merges the write-ahead log
    await this.#writer[Symbol.asyncDispose]();
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError('the key store');
  }
}
