import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { isStorageFailure, openWriteConnection } from './connection.ts';
import type { DatabaseModule, DatabaseSession } from './database-module.ts';
import { migrate } from './migrations.ts';
import { type FromThread, type ToThread, toWire, type WireError, type WriterThreadData } from './writer-protocol.ts';

/**
 * The thread behind `openWriter`: a batch becomes one transaction.
 *
 * | a batch ends with | then |
 * |---|---|
 * | COMMIT | one reply with all results |
 * | an operation that throws | ROLLBACK; every operation once more, each in its own transaction |
 * | a full or failing disk | ROLLBACK; the whole batch is refused, the next one is tried afresh |
 */
/** SQLite's own bound of a database. */
const MAX_PAGES = 0xffff_fffe;

const port = parentPort;
if (!port) throw new Error('writer-thread.ts runs as a worker thread only');
const reply = (message: FromThread): void => port.postMessage(message);

class Transactions {
  readonly #session: DatabaseSession;
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(db: DatabaseSync, session: DatabaseSession) {
    this.#db = db;
    this.#session = session;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  performBatch(operations: readonly unknown[]): FromThread {
    const outcome = this.#performTogether(operations);
    this.#session.afterBatch?.();
    return outcome;
  }

  #performTogether(operations: readonly unknown[]): FromThread {
    try {
      return { kind: 'results', results: this.#perform(operations, 0, operations.length) };
    } catch (error) {
      return isStorageFailure(error) ? { kind: 'failed', error: toWire(error) } : this.#performOneByOne(operations);
    }
  }

  #performOneByOne(operations: readonly unknown[]): FromThread {
    const results: unknown[] = [];
    const failures = new Map<number, WireError>();
    for (let at = 0; at < operations.length; at += 2)
      try {
        results.push(this.#perform(operations, at, at + 2)[0]);
      } catch (error) {
        failures.set(at / 2, toWire(error));
        results.push(undefined);
      }
    return { kind: 'results', results, failures };
  }

  #perform(operations: readonly unknown[], from: number, to: number): unknown[] {
    this.#begin.run();
    try {
      const results: unknown[] = [];
      for (let at = from; at < to; at += 2) {
        const operation = this.#session.operations[operations[at] as string];
        if (!operation) throw new TypeError(`this database has no operation ${String(operations[at])}`);
        results.push(operation(operations[at + 1]));
      }
      this.#session.beforeCommit?.();
      this.#commit.run();
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#session.forget?.();
      throw error;
    }
  }
}

const open = ({ path, options }: WriterThreadData, database: DatabaseModule): void => {
  const db = openWriteConnection(path);
  let transactions: Transactions;
  try {
    migrate(db, database.migrations);
    transactions = new Transactions(db, database.open(db, options));
  } catch (error) {
    db.close();
    throw error;
  }
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'batch':
        return reply(transactions.performBatch(message.operations));
      case 'limit':
        return db.exec(`PRAGMA max_page_count = ${message.pages === 0 ? MAX_PAGES : message.pages}`);
      case 'close':
        db.close();
        return port.close();
    }
  });
  reply({ kind: 'opened' });
};

try {
  const data = workerData as WriterThreadData;
  const { database } = (await import(data.module)) as { database: DatabaseModule };
  open(data, database);
} catch (error) {
  reply({ kind: 'refused', error: toWire(error) });
}
