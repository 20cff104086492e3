import type { ClaimedItem, QueueStats, RelayedItem, WorkFilter, WorkItem } from '@sagahub/contracts/ports/open-work.ts';
import { type Due, DueHeap } from './due-heap.ts';

/**
 * A row and the three times it can be due at: the log's (`item.dueAtMs`), the one it was deferred to, the end of the lease of
 * whoever claimed it. The last one set counts, and that is `dueAtMs`.
 */
interface WorkRow extends Due {
  readonly item: WorkItem;
  deferredToMs: number | undefined;
  leasedUntilMs: number | undefined;
}

interface StreamWork {
  readonly revision: number;
  readonly rows: readonly WorkRow[];
}

/** A row as it is stored. A lease is not: it belongs to a worker of this process, and ends with it. */
export interface StoredRow {
  readonly item: WorkItem;
  readonly deferredToMs?: number;
}

const asItem = ({ item, dueAtMs }: WorkRow): WorkItem => (item.dueAtMs === dueAtMs ? item : { ...item, dueAtMs });

/** Open work in memory: by stream, and by due time. */
export class WorkRows {
  readonly #streams = new Map<string, StreamWork>();
  readonly #due = new DueHeap<WorkRow>();

  /** Replaces the rows of a stream, unless they come from a later revision. Returns whether it did. */
  replace(stream: string, revision: number, items: readonly RelayedItem[]): boolean {
    const before = this.#streams.get(stream);
    if (!before) {
      if (items.length > 0) this.#insert(stream, revision, items.map(freshRow));
      return items.length > 0;
    }
    if (before.revision > revision) return false;
    this.#remove(stream, before);
    if (items.length > 0)
      this.#insert(
        stream,
        revision,
        items.map((item) => continuedRow(item, before.rows)),
      );
    return true;
  }

  claimDue(nowMs: number, limit: number, leaseMs: number): ClaimedItem[] {
    const claimed: ClaimedItem[] = [];
    for (let row = this.#due.first; row && row.dueAtMs <= nowMs && claimed.length < limit; row = this.#due.first) {
      claimed.push({ ...asItem(row), wasLeased: row.leasedUntilMs !== undefined });
      row.leasedUntilMs = nowMs + leaseMs;
      this.#move(row, row.leasedUntilMs);
    }
    return claimed;
  }

  /** Returns whether the row was there. */
  defer(stream: string, step: string, attempt: number, dueAtMs: number): boolean {
    const row = this.#find(stream, step, attempt);
    if (row) this.#postpone(row, dueAtMs);
    return row !== undefined;
  }

  renew(stream: string, step: string, attempt: number, untilMs: number): void {
    const row = this.#find(stream, step, attempt);
    if (row?.leasedUntilMs === undefined || row.leasedUntilMs >= untilMs) return;
    row.leasedUntilMs = untilMs;
    this.#move(row, untilMs);
  }

  release(stream: string, step: string, attempt: number): void {
    const row = this.#find(stream, step, attempt);
    if (row?.leasedUntilMs === undefined) return;
    row.leasedUntilMs = undefined;
    this.#move(row, row.deferredToMs ?? row.item.dueAtMs);
  }

  /** Spreads the rows of a queue, oldest first, but for those a worker has in hand. Returns their streams. */
  wake(queue: string, fromMs: number, spreadMs: number): string[] {
    const rows = [...this.#all()].filter(
      ({ item, leasedUntilMs }) => item.queue === queue && !(leasedUntilMs !== undefined && leasedUntilMs > fromMs),
    );
    rows.sort(bySince);
    for (const [index, row] of rows.entries()) this.#postpone(row, fromMs + Math.floor((index * spreadMs) / rows.length));
    return rows.map(({ item }) => item.stream);
  }

  ofStream(stream: string): WorkItem[] {
    return (this.#streams.get(stream)?.rows ?? []).map(asItem);
  }

  list({ queue, partnerId }: WorkFilter, limit: number): WorkItem[] {
    const rows = [...this.#all()].filter(
      ({ item }) => (queue === undefined || item.queue === queue) && (partnerId === undefined || item.partnerId === partnerId),
    );
    return rows.sort(bySince).slice(0, limit).map(asItem);
  }

  stats(nowMs: number): QueueStats[] {
    const queues = new Map<string, QueueStats>();
    for (const { item, dueAtMs } of this.#all()) {
      const { queue, sinceMs } = item;
      const { open = 0, due = 0, oldestSinceMs = Infinity, oldestDueAtMs = Infinity } = queues.get(queue) ?? {};
      queues.set(queue, {
        queue,
        open: open + 1,
        due: due + (dueAtMs <= nowMs ? 1 : 0),
        oldestSinceMs: Math.min(oldestSinceMs, sinceMs),
        oldestDueAtMs: Math.min(oldestDueAtMs, dueAtMs),
      });
    }
    return [...queues.values()];
  }

  clear(): void {
    this.#streams.clear();
    this.#due.clear();
  }

  /** What to store of a stream; `undefined` when it has no rows. */
  stored(stream: string): { readonly revision: number; readonly rows: readonly StoredRow[] } | undefined {
    const work = this.#streams.get(stream);
    return work && { revision: work.revision, rows: work.rows.map(asStored) };
  }

  load(stream: string, revision: number, rows: readonly StoredRow[]): void {
    this.#insert(stream, revision, rows.map(fromStored));
  }

  #find(stream: string, step: string, attempt: number): WorkRow | undefined {
    return this.#streams.get(stream)?.rows.find(({ item }) => item.step === step && item.attempt === attempt);
  }

  *#all(): Iterable<WorkRow> {
    for (const { rows } of this.#streams.values()) yield* rows;
  }

  #insert(stream: string, revision: number, rows: readonly WorkRow[]): void {
    this.#streams.set(stream, { revision, rows });
    for (const row of rows) this.#due.add(row);
  }

  #remove(stream: string, { rows }: StreamWork): void {
    this.#streams.delete(stream);
    for (const row of rows) this.#due.remove(row);
  }

  #postpone(row: WorkRow, dueAtMs: number): void {
    row.deferredToMs = dueAtMs;
    row.leasedUntilMs = undefined;
    this.#move(row, dueAtMs);
  }

  #move(row: WorkRow, dueAtMs: number): void {
    row.dueAtMs = dueAtMs;
    this.#due.moved(row);
  }
}

const bySince = (a: WorkRow, b: WorkRow): number => a.item.sinceMs - b.item.sinceMs;

const freshRow = ({ leasedUntilMs, ...item }: RelayedItem): WorkRow => ({
  item,
  dueAtMs: leasedUntilMs ?? item.dueAtMs,
  deferredToMs: undefined,
  leasedUntilMs,
  place: -1,
});

const asStored = ({ item, deferredToMs }: WorkRow): StoredRow => (deferredToMs === undefined ? { item } : { item, deferredToMs });

const fromStored = ({ item, deferredToMs }: StoredRow): WorkRow => ({
  ...freshRow(item),
  dueAtMs: deferredToMs ?? item.dueAtMs,
  deferredToMs,
});

/** The same step and attempt once more keeps what claiming and deferring made of it, where that is later. */
const continuedRow = (item: RelayedItem, before: readonly WorkRow[]): WorkRow => {
  const row = freshRow(item);
  const same = before.find((other) => other.item.step === item.step && other.item.attempt === item.attempt);
  const wasMoved = same !== undefined && (same.deferredToMs !== undefined || same.leasedUntilMs !== undefined);
  if (!wasMoved || same.dueAtMs <= row.dueAtMs) return row;
  row.dueAtMs = same.dueAtMs;
  row.deferredToMs = same.deferredToMs;
  row.leasedUntilMs = same.leasedUntilMs;
  return row;
};
