import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { ClaimedItem, OpenWork, QueueStats, WorkFilter, WorkItem } from '@sagahub/contracts/ports/open-work.ts';
import type { LogDatabase } from './log.ts';
import { type StoredRow, WorkRows } from './work-rows.ts';

/** Changes are gathered this long: most rows are born and done within it, and never touch the disk. */
const FLUSH_AFTER_MS = 250;

/**
 * Open work in memory, copied to `log.db` together with its checkpoint. It serves this process alone; what a crash takes from
 * the copy is replayed from the log. Leases end with the process, so that what it had in hand is due again at once.
 */
export const openSqliteOpenWork = async (log: LogDatabase, { clock }: { readonly clock: Clock }): Promise<OpenWork> =>
  new SqliteOpenWork(log, clock);

class SqliteOpenWork implements OpenWork {
  readonly #writer: LogDatabase['writer'];
  readonly #clock: Clock;
  readonly #rows = new WorkRows();
  #checkpoint: bigint;
  #savedCheckpoint: bigint;
  /** Streams whose rows differ from the copy. */
  #changed = new Set<string>();
  /** Streams that have a row in the copy. */
  readonly #stored = new Set<string>();
  #flushing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor({ writer, reader }: LogDatabase, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
    for (const row of reader.prepare('SELECT stream, revision, items FROM open_work').all()) {
      const { stream, revision, items } = row as { stream: string; revision: number; items: string };
      this.#rows.load(stream, revision, JSON.parse(items) as StoredRow[]);
      this.#stored.add(stream);
    }
    const { position } = reader.prepare('SELECT position FROM open_work_checkpoint').get() as { position: string };
    this.#checkpoint = this.#savedCheckpoint = BigInt(position);
  }

  async checkpoint(): Promise<bigint> {
    return this.#checkpoint;
  }

  async apply(changes: Parameters<OpenWork['apply']>[0], checkpoint: bigint): Promise<void> {
    for (const { stream, revision, items } of changes) if (this.#rows.replace(stream, revision, items)) this.#changed.add(stream);
    this.#checkpoint = checkpoint;
    this.#flushSoon();
  }

  async claimDue(nowMs: number, limit: number, leaseMs: number): Promise<ClaimedItem[]> {
    return this.#rows.claimDue(nowMs, limit, leaseMs);
  }

  async renew(items: Parameters<OpenWork['renew']>[0], untilMs: number): Promise<void> {
    for (const { stream, step, attempt } of items) this.#rows.renew(stream, step, attempt, untilMs);
  }

  async release(items: Parameters<OpenWork['release']>[0]): Promise<void> {
    for (const { stream, step, attempt } of items) this.#rows.release(stream, step, attempt);
  }

  async defer({ stream, step, attempt }: Pick<WorkItem, 'stream' | 'step' | 'attempt'>, dueAtMs: number): Promise<void> {
    if (!this.#rows.defer(stream, step, attempt, dueAtMs)) return;
    this.#changed.add(stream);
    this.#flushSoon();
  }

  async wake(queue: string, fromMs: number, spreadMs: number): Promise<number> {
    const streams = this.#rows.wake(queue, fromMs, spreadMs);
    for (const stream of streams) this.#changed.add(stream);
    if (streams.length > 0) this.#flushSoon();
    return streams.length;
  }

  async ofStream(stream: string): Promise<WorkItem[]> {
    return this.#rows.ofStream(stream);
  }

  async list(filter: WorkFilter, limit: number): Promise<WorkItem[]> {
    return this.#rows.list(filter, limit);
  }

  async stats(nowMs: number): Promise<readonly QueueStats[]> {
    return this.#rows.stats(nowMs);
  }

  async clear(): Promise<void> {
    this.#rows.clear();
    this.#changed.clear();
    this.#stored.clear();
    this.#checkpoint = this.#savedCheckpoint = LOG_START;
    await this.#writer.call('clearOpenWork', undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#flushing;
    await this.#flush();
  }

  #flushSoon(): void {
    if (this.#closing.signal.aborted) return;
    this.#flushing ??= this.#clock
      .sleep(FLUSH_AFTER_MS, this.#closing.signal)
      .then(() => this.#flush())
      .then((saved) => {
        this.#flushing = undefined;
        if (!saved || this.#changed.size > 0) this.#flushSoon();
      });
  }

  /** Copies what changed. Returns false when the disk refused it; the rows stay marked. */
  async #flush(): Promise<boolean> {
    if (this.#changed.size === 0 && this.#checkpoint === this.#savedCheckpoint) return true;
    const changed = this.#changed;
    const checkpoint = this.#checkpoint;
    this.#changed = new Set();
    const call: [string, ...(string | number | null)[]] = [String(checkpoint)];
    const kept: string[] = [];
    const gone: string[] = [];
    for (const stream of changed) {
      const stored = this.#rows.stored(stream);
      if (stored) {
        call.push(stream, stored.revision, JSON.stringify(stored.rows));
        kept.push(stream);
      } else if (this.#stored.has(stream)) {
        call.push(stream, 0, null);
        gone.push(stream);
      }
    }
    try {
      await this.#writer.call('saveOpenWork', call);
    } catch {
      for (const stream of changed) this.#changed.add(stream);
      return false;
    }
    for (const stream of kept) this.#stored.add(stream);
    for (const stream of gone) this.#stored.delete(stream);
    this.#savedCheckpoint = checkpoint;
    return true;
  }
}
