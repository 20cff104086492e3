import type { Term } from './leadership.ts';

/**
 * One pending step of one business object. The rows of a stream are a pure function of its events
 * (`Flow.pending` of the folded state): only the log creates and deletes them.
 */
export interface WorkItem {
  readonly stream: string;
  /** Unique within the stream, e.g. `advance`, `erp-submit`, `erp-deadline`. */
  readonly step: string;
  /** Which workers take it, e.g. `orchestration.order`, `outbound.erp`. */
  readonly queue: string;
  readonly partnerId: string;
  /** 1-based number of the attempt that is due. */
  readonly attempt: number;
  /** When it may be worked on, milliseconds since 1970. */
  readonly dueAtMs: number;
  /** Since when the object waits for this step. */
  readonly sinceMs: number;
  /** Revision of the stream that these rows were computed from. */
  readonly revision: number;
  /** Version of the saga the stream is pinned to; 0 before its first decision. */
  readonly sagaVersion: number;
}

/** An item as the relay has it: one that it hints at once is leased from the start, so that nobody else hints it too. */
export interface RelayedItem extends WorkItem {
  /** Later than `dueAtMs`: not due before. */
  readonly leasedUntilMs?: number;
}

export interface ClaimedItem extends WorkItem {
  /** Somebody had been hinted about it, and let the lease run out: that hint is lost, or still waits at the broker. */
  readonly wasLeased: boolean;
}

export interface WorkFilter {
  readonly queue?: string;
  readonly partnerId?: string;
}

/**
 * The projection that makes the log live: what is to be done, and when. Retries, delays, deadlines, breaker
 * waits and crash recovery are all rows that become due.
 */
export interface OpenWork extends AsyncDisposable {
  /** Position of the log up to which the rows are true. */
  checkpoint(): Promise<bigint>;

  /**
   * Replaces all rows of each named stream and moves the checkpoint, in one transaction. A stream with no items is
   * done. A stream whose stored rows carry a higher revision is left as it is. An item that is there already with the same
   * step and attempt keeps a later `dueAtMs` set by a lease or by {@link defer}.
   *
   * May be buffered for up to 250 ms by an adapter that serves its own process alone: after a crash the checkpoint is
   * older, and replaying the log from it gives the same rows.
   *
   * @param term of the relay, where several processes run for it
   * @throws SupersededError the term is over; nothing was changed
   */
  apply(
    changes: readonly { readonly stream: string; readonly revision: number; readonly items: readonly RelayedItem[] }[],
    checkpoint: bigint,
    term?: Term,
  ): Promise<void>;

  /**
   * Takes up to `limit` items due at `nowMs`, oldest due first, and moves their `dueAtMs` to `nowMs + leaseMs`: if the
   * hint about them is lost, they become due again. Never hands one item to two callers within a lease.
   */
  claimDue(nowMs: number, limit: number, leaseMs: number): Promise<ClaimedItem[]>;

  /** Makes the leases of these items last until then; no effect on a longer one, or on an item that is gone, deferred or another attempt. */
  renew(items: readonly Pick<WorkItem, 'stream' | 'step' | 'attempt'>[], untilMs: number): Promise<void>;

  /**
   * Ends the leases of these items before their time: each is due again when it was before, as if nobody had been hinted. No effect on an item
   * without one, or on one that is gone, deferred or another attempt.
   */
  release(items: readonly Pick<WorkItem, 'stream' | 'step' | 'attempt'>[]): Promise<void>;

  /** Moves one item's due time (forward or back); no effect when the row is gone or belongs to another attempt. */
  defer(item: Pick<WorkItem, 'stream' | 'step' | 'attempt'>, dueAtMs: number): Promise<void>;

  /**
   * Makes every row of a queue due between `fromMs` and `fromMs + spreadMs`, evenly, waiting longest first, but for those somebody
   * holds a lease of; returns how many. Whoever takes one checks whether its true time has come.
   */
  wake(queue: string, fromMs: number, spreadMs: number): Promise<number>;

  /** Pending steps of one stream. */
  ofStream(stream: string): Promise<WorkItem[]>;

  /** Oldest `sinceMs` first. */
  list(filter: WorkFilter, limit: number): Promise<WorkItem[]>;

  /** Per queue: rows, rows due now, and the oldest `sinceMs` and due `dueAtMs`. */
  stats(nowMs: number): Promise<readonly QueueStats[]>;

  /** Forgets everything; the relay then replays the log. */
  clear(): Promise<void>;
}

export interface QueueStats {
  readonly queue: string;
  readonly open: number;
  readonly due: number;
  readonly oldestSinceMs: number | undefined;
  readonly oldestDueAtMs: number | undefined;
}
