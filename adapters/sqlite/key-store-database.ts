import type { DatabaseSync } from 'node:sqlite';
import { isStorageFailure } from './connection.ts';
import type { DatabaseModule } from './database-module.ts';

/** Drawn by the caller; stored when the subject has no key. */
export interface SubjectKeyCandidate {
  readonly subject: string;
  readonly keyId: string;
  readonly key: Uint8Array;
}
export interface NamedSecret {
  readonly name: string;
  readonly value: Uint8Array;
}

const SCHEMA = `CREATE TABLE subject_keys (key_id TEXT PRIMARY KEY, subject TEXT NOT NULL UNIQUE, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;`;

/** Everything that writes `keys.db`, as it runs in the writer thread. */
export const database = {
  migrations: [{ sql: SCHEMA, compatibleFrom: 1 }],
  open: (db) => {
    // What is deleted is overwritten with zeros. Copies in the write-ahead log go when it is cut off after the commit.
    db.exec('PRAGMA secure_delete = ON');
    const checkpoint = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
    let deleted = true; // a crash may have come between a deletion and this
    /** On a full disk it cannot, and does so after the next batch that finds room. */
    const cutLog = (): void => {
      try {
        checkpoint.all();
        deleted = false;
      } catch (error) {
        if (!isStorageFailure(error)) throw error;
      }
    };
    cutLog();
    return {
      operations: operationsOn(db, () => {
        deleted = true;
      }),
      afterBatch: () => {
        if (deleted) cutLog();
      },
    };
  },
} satisfies DatabaseModule;
export type KeyOperations = ReturnType<typeof operationsOn>;

const operationsOn = (db: DatabaseSync, onDelete: () => void) => {
  const keyOf = db.prepare('SELECT key_id AS keyId, key FROM subject_keys WHERE subject = ?');
  const insertKey = db.prepare('INSERT INTO subject_keys (key_id, subject, key) VALUES (?, ?, ?)');
  const deleteKeys = db.prepare('DELETE FROM subject_keys WHERE subject = ? RETURNING key_id AS keyId');
  const putSecret = db.prepare('INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value');
  const secretOf = db.prepare('SELECT value FROM secrets WHERE name = ?');
  const deleteSecret = db.prepare('DELETE FROM secrets WHERE name = ?');

  return {
    /** The key that stands; `undefined` when it is the candidate. */
    subjectKey({ subject, keyId, key }: SubjectKeyCandidate): { readonly keyId: string; readonly key: Uint8Array } | undefined {
      const standing = keyOf.get(subject) as { keyId: string; key: Uint8Array } | undefined;
      if (!standing) insertKey.run(keyId, subject, key);
      return standing && { keyId: standing.keyId, key: standing.key };
    },
    /** The ids of the keys that were destroyed. */
    eraseSubject(subject: string): string[] {
      onDelete();
      return deleteKeys.all(subject).map(({ keyId }) => keyId as string);
    },
    putSecret({ name, value }: NamedSecret): void {
      onDelete(); // the replaced one is gone for good too
      putSecret.run(name, value);
    },
    /** The one that stands afterwards. */
    createSecret({ name, value }: NamedSecret): Uint8Array {
      const standing = secretOf.get(name) as { value: Uint8Array } | undefined;
      if (standing) return standing.value;
      putSecret.run(name, value);
      return value;
    },
    deleteSecret(name: string): void {
      onDelete();
      deleteSecret.run(name);
    },
  };
};
