import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AppendTooLargeError,
  ClosedError,
  ConfigurationError,
  RequestKeyTakenError,
  RevisionConflictError,
} from '@sagahub/contracts/errors.ts';
import { encodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { NewEvent, RecordedEvent } from '@sagahub/contracts/events.ts';
import { newId, randomId } from '@sagahub/contracts/ids.ts';
import { HUB_STREAM, type LogCreated } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import {
  type Append,
  type AppendResult,
  type EventStore,
  LOG_START,
  MAX_APPEND_BYTES,
  NO_STREAM,
  type RawEvent,
  type SubscribeOptions,
  type Subscription,
} from '@sagahub/contracts/ports/event-store.ts';
import { APPENDED, type AppendCall, type AppendReply, CONFLICT, REPEATED } from './append-protocol.ts';
import { EventFeed } from './event-feed.ts';
import { EventReader } from './event-reader.ts';
import type { LogDatabase } from './log.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';

/** Streams whose last revision is remembered, so that asking what is behind it reads nothing. */
const REMEMBERED_HEADS = 20_000;
/** Positions that one step of a filtered read looks at, so that a rare category does not hold up the event loop. */
const WINDOW = 5_000;
const TIME_PATTERN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The event store in `log.db`. A new log begins with `LogCreated`. Dispose it before the database. */
export const openSqliteEventStore = async (log: LogDatabase, { clock }: { readonly clock: Clock }): Promise<EventStore> => {
  const reader = new EventReader(log.reader);
  if (reader.lastPosition() === 0)
    await log.writer.call('append', [HUB_STREAM, NO_STREAM, null, encodeEvent(logCreated(new Date(clock.now()).toISOString()))]);
  const { logId, namespace } = readLogCreated(reader);
  return new SqliteEventStore(log, reader, logId, namespace);
};

const logCreated = (time: string): NewEvent => ({
  id: newId(),
  type: 'LogCreated',
  data: { logId: randomId(), namespace: randomId() } satisfies LogCreated['data'],
  metadata: { time, correlationId: newId(), actor: 'hub', schemaVersion: 1 },
});

const readLogCreated = (reader: EventReader): LogCreated['data'] => {
  try {
    const [first] = reader.window(0, 1, 1, undefined);
    if (first?.type === 'LogCreated') return first.data as LogCreated['data'];
  } catch {
    // Told below: whatever is wrong with the row, the remedy is the same.
  }
  throw new ConfigurationError(["the log's first event is damaged or missing: restore the data folder from a backup"]);
};

class SqliteEventStore implements EventStore {
  readonly logId: string;
  readonly namespace: string;
  readonly densePositions = true;
  readonly #writer: LogDatabase['writer'];
  readonly #reader: EventReader;
  readonly #feed: EventFeed;
  readonly #heads = new RecentMap<string, number>(REMEMBERED_HEADS);
  #closed = false;

  constructor(log: LogDatabase, reader: EventReader, logId: string, namespace: string) {
    this.logId = logId;
    this.namespace = namespace;
    this.#writer = log.writer;
    this.#reader = reader;
    this.#feed = new EventFeed(reader, reader.lastPosition());
  }

  append(append: Append): Promise<AppendResult> {
    try {
      this.#assertOpen();
      const call: [string, number, string | null, ...string[]] = [append.stream, append.expectedRevision, append.requestKey ?? null];
      encodeInto(call, append);
      return this.#writer.call('append', call).then((reply) => this.#settle(append, call, reply));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  appendMany(appends: readonly Append[]): Promise<PromiseSettledResult<AppendResult>[]> {
    return Promise.allSettled(appends.map((append) => this.append(append)));
  }

  async readStream(
    stream: string,
    { from = 0, to = Number.MAX_SAFE_INTEGER }: { from?: number; to?: number } = {},
  ): Promise<RecordedEvent[]> {
    this.#assertOpen();
    const head = this.#heads.get(stream);
    if (head !== undefined && from > head) return [];
    const events = this.#reader.stream(stream, from, to);
    // Committed, though its appender has not been told yet: who has seen it must find it the next time too.
    const last = events.at(-1);
    if (head !== undefined && last && last.revision > head) this.#heads.set(stream, last.revision);
    return events;
  }

  async findRequest(requestKey: string): Promise<string | undefined> {
    this.#assertOpen();
    return this.#reader.requestStream(requestKey);
  }

  async readAll({ after, limit, categories }: { after: bigint; limit: number; categories?: readonly string[] }): Promise<RecordedEvent[]> {
    this.#assertOpen();
    const { end } = this.#feed.tail;
    if (!categories) return this.#reader.window(Number(after), end, limit, undefined);
    const events: RecordedEvent[] = [];
    for (let from = Number(after); from < end && events.length < limit; from += WINDOW) {
      if (from > Number(after)) await nextTurn();
      this.#assertOpen();
      events.push(...this.#reader.window(from, Math.min(from + WINDOW, end), limit - events.length, categories));
    }
    return events;
  }

  async readRaw({ after, limit, stream }: { after: bigint; limit: number; stream?: string }): Promise<RawEvent[]> {
    this.#assertOpen();
    return this.#reader.raw(Number(after), limit, stream);
  }

  async lastPosition(): Promise<bigint> {
    this.#assertOpen();
    return BigInt(this.#feed.tail.end);
  }

  async newest(): Promise<RecordedEvent | undefined> {
    this.#assertOpen();
    const { end } = this.#feed.tail;
    return this.#reader.window(end - 1, end, 1, undefined)[0];
  }

  async positionAt(time: string): Promise<bigint> {
    this.#assertOpen();
    const position = this.#reader.positionAt(new Date(time).toISOString());
    return position === 0 ? LOG_START : BigInt(position);
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#assertOpen();
    return this.#feed.subscribe(options);
  }

  /** Appends asked before are settled, batches in hand are finished; then subscriptions end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writer.call('barrier', undefined).catch(() => {});
    await this.#feed.close();
  }

  #settle(append: Append, call: AppendCall, reply: AppendReply): AppendResult {
    const { stream, expectedRevision, events } = append;
    const revision = expectedRevision + events.length;
    if (reply[0] === APPENDED) {
      this.#heads.set(stream, revision);
      this.#publish(append, call, reply);
      return { revision };
    }
    if (reply[0] === REPEATED) return { revision };
    if (reply[0] === CONFLICT) throw new RevisionConflictError(stream, expectedRevision, reply[1]);
    throw new RequestKeyTakenError(reply[1]);
  }

  /** The caller's own objects become the recorded events: nothing is parsed or read again. */
  #publish(
    append: Append,
    call: AppendCall,
    [, firstPosition, hashes, timesMs]: Extract<AppendReply, readonly [typeof APPENDED, ...any]>,
  ): void {
    const { stream, expectedRevision, events } = append;
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index] as NewEvent;
      const timeMs = timesMs?.[index];
      this.#feed.publish(
        {
          ...event,
          ...(timeMs !== undefined && { metadata: { ...event.metadata, time: new Date(timeMs).toISOString() } }),
          stream,
          revision: expectedRevision + 1 + index,
          position: BigInt(firstPosition + index),
          hash: hashes.slice(64 * index, 64 * index + 64),
        },
        (call[3 + index] as string).length,
      );
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('the event store');
  }
}

/** Adds the bytes of each event to the call. */
const encodeInto = (call: unknown[], { stream, events }: Append): void => {
  if (events.length === 0) throw new TypeError(`an append to ${stream} needs at least one event`);
  let units = 0;
  for (const event of events) {
    if (!TIME_PATTERN.test(event.metadata.time))
      throw new TypeError(`the time of an event is ${event.metadata.time}, not ISO 8601 UTC with milliseconds`);
    const bytes = encodeEvent(event);
    units += bytes.length;
    call.push(bytes);
  }
  if (units * 3 <= MAX_APPEND_BYTES) return; // a UTF-16 unit takes at most three bytes
  const bytes = call.slice(3).reduce((sum: number, text) => sum + Buffer.byteLength(text as string), 0);
  if (bytes > MAX_APPEND_BYTES) throw new AppendTooLargeError(stream, bytes, MAX_APPEND_BYTES);
};
