import type { NewEvent, RecordedEvent } from '../events.ts';

/** Expected revision of a stream that must not exist yet. */
export const NO_STREAM = -1;
/** An append is refused beyond this many bytes of encoded events, in every adapter. */
export const MAX_APPEND_BYTES = 900 * 1024;
/**
 * Position of an event that is read by its stream before the log has given it its place: behind every other. Only stores that place
 * events after they were appended (PostgreSQL, within milliseconds) ever tell it, and only `readStream` does.
 */
export const UNPLACED = 2n ** 63n - 1n;
/** Before the first event: where a reader from the beginning starts. */
export const LOG_START = 0n;

export interface Append {
  readonly stream: string;
  /** Revision of the last event the caller believes the stream holds; {@link NO_STREAM} = it must not exist. */
  readonly expectedRevision: number;
  /** At least one. */
  readonly events: readonly NewEvent[];
  /**
   * Hash of a client's idempotency key. Claimed for this stream in the append's own transaction; when it already
   * belongs to another stream the append fails with RequestKeyTakenError and nothing is written.
   */
  readonly requestKey?: string;
}

export interface AppendResult {
  /** Revision of the last event written. */
  readonly revision: number;
}

/** A row of the log as it is stored: what an audit recomputes the hashes from. Nothing is parsed, so a damaged row can be read too. */
export interface RawEvent {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: number;
  /** The exact bytes (UTF-8 text) that were hashed; see `event-codec.ts`. */
  readonly bytes: string;
  /** The stored hash, hex. */
  readonly hash: string;
}

export interface Subscription extends AsyncDisposable {
  /** Position of the last event whose batch the handler finished. */
  readonly position: bigint;
  /** Settles when the subscription ended: rejects with what the handler threw, resolves on dispose. */
  readonly done: Promise<void>;
}

export interface SubscribeOptions {
  /** Only events behind this position; {@link LOG_START} for all. */
  readonly after: bigint;
  /** Largest batch handed over at once. Default 500. */
  readonly batchSize?: number;
  /** Only streams of these categories. Default: all. A filtered-out event still moves `position`. */
  readonly categories?: readonly string[];
  /**
   * Called with batches in position order, one at a time: the next one waits for the promise (back-pressure; a
   * slow subscriber neither slows appends nor grows memory without bound). Throwing ends the subscription.
   */
  readonly onEvents: (events: readonly RecordedEvent[]) => Promise<void> | void;
}

/**
 * The log: append-only streams with optimistic concurrency, and one global order over all of them.
 *
 * Every promise here is proved for every adapter by `event-store.contract.ts`.
 */
export interface EventStore extends AsyncDisposable {
  /** Random per log, in its first event (`hub` stream, `LogCreated`). Cursors carry it; another log's cursor is refused. */
  readonly logId: string;

  /** Random per log, in its first event too: the namespace of the ids derived from names (`ids.ts`). */
  readonly namespace: string;

  /** Are positions 1, 2, 3 … without gaps, so that a missing one proves that a row was removed? */
  readonly densePositions: boolean;

  /**
   * Appends to one stream, all events or none; resolves only after they are on disk.
   *
   * Repeating the very same call (same event ids, same expected revision) after an unknown outcome succeeds with
   * the first result. Time is raised to the stream's last event's when it would go back.
   *
   * @throws RevisionConflictError the stream is elsewhere: reload, decide again
   * @throws RequestKeyTakenError the idempotency key belongs to another stream
   * @throws AppendTooLargeError more than {@link MAX_APPEND_BYTES}
   * @throws StorageFullError nothing was written; reading goes on
   */
  append(append: Append): Promise<AppendResult>;

  /** Many appends, each settled on its own, in order: one that fails does not touch the others. */
  appendMany(appends: readonly Append[]): Promise<PromiseSettledResult<AppendResult>[]>;

  /** Oldest first. A stream nobody wrote to is empty, not an error. `from` and `to` are revisions, both inclusive. */
  readStream(stream: string, range?: { readonly from?: number; readonly to?: number }): Promise<RecordedEvent[]>;

  /** Which stream holds this request key, if any. */
  findRequest(requestKey: string): Promise<string | undefined>;

  /** One page of the global order behind `after`; shorter than `limit` only at the end of the log. */
  readAll(options: { readonly after: bigint; readonly limit: number; readonly categories?: readonly string[] }): Promise<RecordedEvent[]>;

  /**
   * One page of rows in position order behind `after`, of one stream when it is named; shorter than `limit` only at the end.
   * An empty page for a stream nobody wrote to.
   */
  readRaw(options: { readonly after: bigint; readonly limit: number; readonly stream?: string }): Promise<RawEvent[]>;

  /** Position of the newest event; {@link LOG_START} when there is none. */
  lastPosition(): Promise<bigint>;

  /** The event at {@link lastPosition}. */
  newest(): Promise<RecordedEvent | undefined>;

  /** Position of the last event recorded at or before `time` (ISO 8601); {@link LOG_START} when there is none. */
  positionAt(time: string): Promise<bigint>;

  /** Delivers what is there, then what comes, in order and without gaps. */
  subscribe(options: SubscribeOptions): Subscription;
}
