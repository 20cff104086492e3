import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type pg from 'pg';
import type { Database } from './database.ts';
import { END } from './event-rows.ts';
import { blockOf, type LogBlock } from './log-blocks.ts';

/** How often the end of the log is asked for although nothing was told; also how often the connection is tried for life. */
const ASK_EVERY_MS = 1_000;
/** A connection that does not answer by then is dead, whatever the operating system thinks of it. */
const ANSWER_WITHIN_MS = 3_000;

export interface LogListener {
  /** Told of what was just added, before its end. */
  readonly onBlock: (block: LogBlock) => void;
  readonly onEnd: (end: bigint) => void;
}

/**
 * Knows where the log ends: by what the sequencer tells listeners after its commits, and by asking, as telling may be lost. On a connection
 * of its own that is opened anew whenever it breaks or goes silent; meanwhile the end is just older than it could be.
 */
export class LogWatcher implements AsyncDisposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #listener: LogListener;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;

  constructor(database: Database, clock: Clock, listener: LogListener) {
    this.#database = database;
    this.#clock = clock;
    this.#listener = listener;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const broken = new AbortController();
      let client: pg.Client | undefined;
      try {
        client = this.#database.dedicated();
        client.on('error', () => broken.abort());
        client.on('end', () => broken.abort());
        client.on('notification', ({ payload }) => this.#added(blockOf(payload ?? '')));
        await client.connect();
        await this.#watch(client, AbortSignal.any([signal, broken.signal]));
      } catch {
        // Connected anew below.
      }
      destroy(client);
      await this.#clock.sleep(ASK_EVERY_MS / 4, signal);
    }
  }

  async #watch(client: pg.Client, stop: AbortSignal): Promise<void> {
    await this.#inTime(client.query(`LISTEN "sagahub_${this.#database.schema}"`));
    while (!stop.aborted) {
      const { rows } = await this.#inTime(client.query({ ...END, rowMode: 'array' }));
      this.#listener.onEnd(BigInt(rows[0]?.[0] ?? 0));
      await this.#clock.sleep(ASK_EVERY_MS, stop);
    }
  }

  #added(block: LogBlock): void {
    this.#listener.onBlock(block);
    this.#listener.onEnd(block.upTo);
  }

  async #inTime<Result>(answer: Promise<Result>): Promise<Result> {
    const done = new AbortController();
    const late = this.#clock.sleep(ANSWER_WITHIN_MS, done.signal).then(() => {
      if (!done.signal.aborted) throw new Error('no answer');
    });
    answer.catch(() => undefined);
    try {
      await Promise.race([answer, late]);
      return await answer;
    } finally {
      done.abort();
    }
  }
}

/** Without waiting for a goodbye that may never come. */
const destroy = (client: pg.Client | undefined): void =>
  (client as unknown as { connection?: { stream?: { destroy(): void } } } | undefined)?.connection?.stream?.destroy();
