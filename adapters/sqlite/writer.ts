import { once } from 'node:events';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { ClosedError, ConfigurationError, StorageFullError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { sqliteCode } from './connection.ts';
import type { Operations } from './database-module.ts';
import { type FromThread, fromWire, type ToThread, type WireError, type WriterThreadData } from './writer-protocol.ts';

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
/** Operations of one transaction; more wait for the next one, so that a flood neither holds the thread nor memory for long. */
const MAX_BATCH = 1_000;
/**
 * What a thread allocates is gone with its batch. Without a limit the young generation of the log's thread grew for as long as it was
 * watched (7, 14, 27 MiB within a minute of 500 orders/s, 192 allowed).
 */
const THREAD_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 12 };

/**
 * The only way to write one database: a thread that owns the write connection and turns whatever was asked meanwhile into one
 * durable transaction (group commit).
 *
 * Calls of one turn of the event loop travel in one message; while the thread commits, new calls gather for the next one. They
 * are performed in the order they were made. `Ops` are the operations of the {@link import('./database-module.ts').DatabaseModule}.
 */
export interface Writer<Ops extends Operations = Operations> extends AsyncDisposable {
  /**
   * Performs an operation and resolves with its result after the commit reached the disk.
   *
   * @throws StorageFullError the disk is full: nothing was written; works again as soon as there is room
   * @throws UnavailableError the disk failed, or the thread ended: the outcome is unknown
   * @throws ClosedError the writer was disposed before the call
   * @throws whatever the operation threw; operations that shared the transaction are not touched by it
   */
  call<Name extends keyof Ops & string>(operation: Name, args: Parameters<Ops[Name]>[0]): Promise<ReturnType<Ops[Name]>>;
  /** Bounds the database to this many pages, as a full disk would; 0 lifts the bound. Applies to calls made afterwards. */
  limitPages(pages: number): void;
  /** Performs what was asked before, then closes the database and ends the thread. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WriterOptions {
  /** Path of the database file; created when missing. */
  readonly path: string;
  /** The file that exports `database: DatabaseModule`, e.g. `new URL('./log-database.ts', import.meta.url)`. */
  readonly module: URL;
  /** Handed to the module's `open`. */
  readonly options?: unknown;
}

/**
 * Opens (or creates) the database and brings its schema up to date. One writer per file and process; nothing else may write it.
 * @throws ConfigurationError the file cannot be opened or migrated; says why
 */
export const openWriter = async <Ops extends Operations>({ path, module, options }: WriterOptions): Promise<Writer<Ops>> => {
  const workerData: WriterThreadData = { path, module: module.href, options };
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData, resourceLimits: THREAD_LIMITS });
  const [first] = (await once(worker, 'message')) as [FromThread]; // rejects on 'error'
  if (first.kind === 'refused') throw new ConfigurationError([`${path} cannot be opened: ${first.error.message}`]);
  return new GroupCommitWriter(worker, path);
};

interface Call {
  readonly resolve: (result: any) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * | state | a call | the thread's reply |
 * |---|---|---|
 * | idle | schedules a turn | - |
 * | scheduled | joins the turn | - |
 * | busy (a batch is with the thread) | waits | settles the batch; schedules a turn when calls wait |
 * | closing | ClosedError | settles; ends the thread when no call waits |
 * | failed | UnavailableError | - |
 */
class GroupCommitWriter implements Writer {
  readonly #worker: Worker;
  readonly #path: string;
  /** Name, arguments, name, arguments, … of the calls that wait. */
  #operations: unknown[] = [];
  #calls: Call[] = [];
  /** The batch that is with the thread. */
  #inFlight: Call[] = [];
  #scheduled = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #failure: UnavailableError | undefined;
  readonly #exited: Promise<void>;

  constructor(worker: Worker, path: string) {
    this.#worker = worker;
    this.#path = path;
    worker.on('message', (reply: FromThread) => this.#settle(reply));
    worker.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#fail(new Error('the thread ended'));
        resolve();
      });
    });
  }

  call(operation: string, args: unknown): Promise<any> {
    if (this.#closing) return Promise.reject(new ClosedError(this.#path));
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#operations.push(operation, args);
      this.#calls.push({ resolve, reject });
      this.#schedule();
    });
  }

  limitPages(pages: number): void {
    this.#post({ kind: 'limit', pages });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#calls.length > 0 || this.#inFlight.length > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    if (!this.#failure) this.#post({ kind: 'close' });
    await this.#exited;
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #postBatch(operations: readonly unknown[]): void {
    try {
      this.#post({ kind: 'batch', operations });
    } catch (error) {
      // An argument that cannot be cloned (a function): a fault of ours, told to all who share its message.
      const batch = this.#inFlight;
      this.#inFlight = [];
      for (const call of batch) call.reject(error);
      this.#continue();
    }
  }

  /** The turn comes after the callbacks of this pass of the event loop, so that all they ask for shares a transaction. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight.length > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#failure || this.#calls.length === 0) return;
    if (this.#calls.length <= MAX_BATCH) {
      this.#inFlight = this.#calls;
      const operations = this.#operations;
      this.#calls = [];
      this.#operations = [];
      this.#postBatch(operations);
    } else {
      this.#inFlight = this.#calls.splice(0, MAX_BATCH);
      this.#postBatch(this.#operations.splice(0, 2 * MAX_BATCH));
    }
  }

  #settle(reply: FromThread): void {
    const batch = this.#inFlight;
    this.#inFlight = [];
    if (reply.kind === 'results') {
      for (let index = 0; index < batch.length; index += 1) {
        const failure = reply.failures?.get(index);
        if (failure) batch[index]?.reject(storageError(failure));
        else batch[index]?.resolve(reply.results[index]);
      }
    } else if (reply.kind === 'failed') {
      const error = storageError(reply.error);
      for (const call of batch) call.reject(error);
    }
    this.#continue();
  }

  #continue(): void {
    if (this.#calls.length > 0) this.#schedule();
    else this.#drained?.();
  }

  #fail(cause: Error): void {
    this.#failure ??= new UnavailableError('HUB_STORAGE_FAILED', `the writer of ${this.#path} is gone; restart the process`, { cause });
    for (const call of [...this.#inFlight, ...this.#calls]) call.reject(this.#failure);
    this.#inFlight = [];
    this.#calls = [];
    this.#operations = [];
    this.#drained?.();
  }
}

const storageError = (wire: WireError): Error => {
  const cause = fromWire(wire);
  const code = sqliteCode(cause);
  if (code === SQLITE_FULL) return new StorageFullError(cause);
  return code === SQLITE_IOERR ? new UnavailableError('HUB_STORAGE_FAILED', 'the disk of the database failed', { cause }) : cause;
};
