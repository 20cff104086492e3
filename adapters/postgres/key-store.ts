import { randomBytes } from 'node:crypto';
import { ClosedError, ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { KeyStore, SubjectKey } from '@sagahub/contracts/ports/key-store.ts';
import { CallQueue } from './call-queue.ts';
import type { Database, Statement } from './database.ts';
import { type KeyDatabaseOptions, openKeyDatabase } from './key-database.ts';
import { KeyWrap, type MasterKey } from './key-wrap.ts';
import { rewrapAll } from './rewrapping.ts';

const KEY_BYTES = 32;
const KEY_ID_BYTES = 16;

const SUBJECTS: Statement = {
  name: 'keys-of-subjects',
  text: 'SELECT subject, key_id, master_key_id, wrapped FROM subject_keys WHERE subject = ANY ($1)',
};
const CREATE: Statement = {
  name: 'keys-create',
  text: `INSERT INTO subject_keys (subject, key_id, master_key_id, wrapped)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS a ORDER BY 1 ON CONFLICT DO NOTHING RETURNING subject`,
};
const BY_ID: Statement = { name: 'keys-by-id', text: 'SELECT key_id, master_key_id, wrapped FROM subject_keys WHERE key_id = ANY ($1)' };
const ERASE: Statement = { name: 'keys-erase', text: 'DELETE FROM subject_keys WHERE subject = $1 RETURNING key_id' };
const SECRET: Statement = { name: 'secret', text: 'SELECT master_key_id, wrapped FROM secrets WHERE name = $1' };
const PUT: Statement = {
  name: 'secret-put',
  text: `INSERT INTO secrets (name, master_key_id, wrapped) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET master_key_id = excluded.master_key_id, wrapped = excluded.wrapped`,
};
const CREATE_SECRET: Statement = {
  name: 'secret-create',
  text: 'INSERT INTO secrets (name, master_key_id, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1',
};
const DELETE: Statement = { name: 'secret-delete', text: 'DELETE FROM secrets WHERE name = $1' };
const MASTER_KEYS: Statement = {
  name: 'master-keys-used',
  text: 'SELECT master_key_id FROM subject_keys UNION SELECT master_key_id FROM secrets',
};

export type PostgresKeyStoreOptions = KeyDatabaseOptions & {
  /** The first wraps, all of them unwrap; see `parseMasterKeys`. */
  readonly masterKeys: readonly MasterKey[];
};

export interface PostgresKeyStore extends KeyStore {
  /**
   * Wraps everything anew that is wrapped by another master key than the first; the others can be thrown away once this resolves in every
   * process that runs with the new one. Returns how many there were. Can be repeated and interrupted.
   */
  rewrap(): Promise<number>;
}

/**
 * Keys and secrets in a PostgreSQL schema of their own, wrapped by a master key that the database never sees. Nothing is cached: another
 * process may erase a subject at any time, and nobody may read or seal under its key from then on. Concurrent calls share a statement.
 * @throws ConfigurationError something is stored under a master key that is not among the given
 */
export const openPostgresKeyStore = async ({ masterKeys, ...options }: PostgresKeyStoreOptions): Promise<PostgresKeyStore> => {
  const database = await openKeyDatabase(options);
  const used = (await database.rows<[string]>(MASTER_KEYS)).map(([id]) => id);
  const missing = used.filter((id) => !masterKeys.some((masterKey) => masterKey.id === id));
  if (missing.length === 0) return new PostgresKeys(database, new KeyWrap(masterKeys));
  await database[Symbol.asyncDispose]();
  throw new ConfigurationError([
    `HUB_MASTER_KEY_FILE lacks the master key ${missing.join(', ')}, under which keys are stored: add it as a further line`,
  ]);
};

type WrappedRow = readonly [name: string, masterKeyId: string, wrapped: Buffer];
interface ById {
  readonly kind: 'by-id';
  readonly keyIds: readonly string[];
}
interface OfSubject {
  readonly kind: 'of-subject';
  readonly subject: string;
}

class PostgresKeys implements PostgresKeyStore {
  readonly #database: Database;
  readonly #wrap: KeyWrap;
  readonly #ofSubject: CallQueue<OfSubject>;
  readonly #byId: CallQueue<ById>;
  #closed = false;

  constructor(database: Database, wrap: KeyWrap) {
    this.#database = database;
    this.#wrap = wrap;
    this.#ofSubject = new CallQueue((calls) => this.#subjectKeys(calls.map(({ subject }) => subject)));
    this.#byId = new CallQueue((calls) => this.#keysById(calls.map(({ keyIds }) => keyIds)));
  }

  async subjectKey(subject: string): Promise<SubjectKey> {
    this.#requireOpen();
    return this.#ofSubject.ask({ kind: 'of-subject', subject });
  }

  async keys(keyIds: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#requireOpen();
    return keyIds.length === 0 ? new Map() : this.#byId.ask({ kind: 'by-id', keyIds });
  }

  async eraseSubject(subject: string): Promise<number> {
    return (await this.#rows(ERASE, [subject])).length;
  }

  async secret(name: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#rows<[string, Buffer]>(SECRET, [name]);
    return row && this.#wrap.unwrap(`secret ${name}`, { masterKeyId: row[0], wrapped: row[1] });
  }

  async putSecret(name: string, value: Uint8Array): Promise<void> {
    const { masterKeyId, wrapped } = this.#wrap.wrap(`secret ${name}`, value);
    await this.#rows(PUT, [name, masterKeyId, wrapped]);
  }

  async createSecret(name: string, value: Uint8Array): Promise<Uint8Array> {
    const { masterKeyId, wrapped } = this.#wrap.wrap(`secret ${name}`, value);
    for (;;) {
      if ((await this.#rows(CREATE_SECRET, [name, masterKeyId, wrapped])).length > 0) return value;
      const standing = await this.secret(name);
      if (standing) return standing; // otherwise it was deleted in between
    }
  }

  async deleteSecret(name: string): Promise<void> {
    await this.#rows(DELETE, [name]);
  }

  async rewrap(): Promise<number> {
    this.#requireOpen();
    return rewrapAll(this.#database, this.#wrap);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#database[Symbol.asyncDispose]();
  }

  async #subjectKeys(subjects: readonly string[]): Promise<SubjectKey[]> {
    const keys = new Map<string, SubjectKey>();
    for (;;) {
      const missing = [...new Set(subjects)].filter((subject) => !keys.has(subject));
      if (missing.length === 0) return subjects.map((subject) => keys.get(subject) as SubjectKey);
      const rows = await this.#rows<[string, ...WrappedRow]>(SUBJECTS, [missing]);
      for (const [subject, keyId, masterKeyId, wrapped] of rows)
        keys.set(subject, { keyId, key: this.#wrap.unwrap(`subject ${keyId}`, { masterKeyId, wrapped }) });
      const drawn = await this.#create(missing.filter((subject) => !keys.has(subject)));
      for (const [subject, key] of drawn) keys.set(subject, key); // those that others created meanwhile are read in the next round
    }
  }

  async #create(subjects: readonly string[]): Promise<Map<string, SubjectKey>> {
    if (subjects.length === 0) return new Map();
    const drawn = new Map(subjects.map((subject) => [subject, drawKey()]));
    const wrapped = [...drawn.values()].map(({ keyId, key }) => this.#wrap.wrap(`subject ${keyId}`, key));
    const created = await this.#rows<[string]>(CREATE, [
      subjects,
      [...drawn.values()].map(({ keyId }) => keyId),
      wrapped.map(({ masterKeyId }) => masterKeyId),
      wrapped.map((one) => one.wrapped),
    ]);
    return new Map(created.map(([subject]) => [subject, drawn.get(subject) as SubjectKey]));
  }

  async #keysById(calls: readonly (readonly string[])[]): Promise<Map<string, Uint8Array>[]> {
    const rows = await this.#rows<WrappedRow>(BY_ID, [[...new Set(calls.flat())]]);
    const found = new Map(
      rows.map(([keyId, masterKeyId, wrapped]) => [keyId, this.#wrap.unwrap(`subject ${keyId}`, { masterKeyId, wrapped })]),
    );
    return calls.map((keyIds) => {
      const asked = new Map<string, Uint8Array>();
      for (const keyId of keyIds) {
        const key = found.get(keyId);
        if (key) asked.set(keyId, key);
      }
      return asked;
    });
  }

  #rows<Row extends readonly unknown[]>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    this.#requireOpen();
    return this.#database.rows<Row>(statement, values);
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError('the key store');
  }
}

const drawKey = (): SubjectKey => {
  const random = randomBytes(KEY_ID_BYTES + KEY_BYTES);
  return { keyId: random.toString('base64url', 0, KEY_ID_BYTES), key: random.subarray(KEY_ID_BYTES) };
};
