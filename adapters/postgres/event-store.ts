import { ClosedError, ConfigurationError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { NewEvent, RecordedEvent } from '@sagahub/contracts/events.ts';
import { newId, randomId } from '@sagahub/contracts/ids.ts';
import { HUB_STREAM, type LogCreated } from '@sagahub/contracts/messages/hub.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import {
  type Append,
  type AppendResult,
  type EventStore,
  NO_STREAM,
  type RawEvent,
  type SubscribeOptions,
  type Subscription,
} from '@sagahub/contracts/ports/event-store.ts';
import type { Leadership } from '@sagahub/contracts/ports/leadership.ts';
import { AppendQueue } from './append-queue.ts';
import type { Database, Statement } from './database.ts';
import { readEnd, readRawOfStream, readRawWindow, readRequest, readStreamRows, readWindow } from './event-rows.ts';
import { EventSubscription } from './event-subscription.ts';
import { readPositionAt } from './event-times.ts';
import { LogWatcher } from './log-watcher.ts';
import { createSequencer, SEQUENCER } from './sequencer.ts';
import { StreamHeads } from './stream-heads.ts';

/** Positions that one step of a filtered read looks at. */
const WINDOW = 20_000n;
/** How long reading the log waits for what this very process appended to get its place; without a sequencer it goes on without. */
const PLACED_WITHIN_MS = 5_000;
const BETWEEN_LOOKS_MS = 2;

const WAITS: Statement = { name: 'waits', text: 'SELECT EXISTS (SELECT FROM unsequenced WHERE id BETWEEN $1 AND $2)' };

export interface PostgresEventStoreOptions {
  readonly clock: Clock;
  /** Where this process stands for sequencer. Absent: it only appends and reads, and somebody else must. */
  readonly leadership?: Leadership;
}

/** The event store in PostgreSQL. A new log begins with `LogCreated`. Dispose it before the database. */
export const openPostgresEventStore = async (database: Database, { clock, leadership }: PostgresEventStoreOptions): Promise<EventStore> => {
  const store = new PostgresEventStore(database, clock, leadership);
  try {
    await store.open();
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
};

class PostgresEventStore implements EventStore {
  logId = '';
  namespace = '';
  readonly densePositions = true;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #heads: StreamHeads;
  readonly #queue: AppendQueue;
  readonly #subscriptions = new Set<EventSubscription>();
  readonly #sequencing: AsyncDisposable | undefined;
  #watcher: LogWatcher | undefined;
  #end = 0n;
  /** Rows of `unsequenced` that this process wrote, and that may still wait for their place. */
  #unplaced: { readonly from: bigint; readonly to: bigint } | undefined;
  #closed = false;

  constructor(database: Database, clock: Clock, leadership: Leadership | undefined) {
    this.#database = database;
    this.#clock = clock;
    this.#heads = new StreamHeads(database);
    const sequencer = createSequencer(database, clock);
    this.#queue = new AppendQueue(database, this.#heads, clock, (first, last) => {
      this.#unplaced = { from: this.#unplaced?.from ?? first, to: last };
      sequencer.kick();
    });
    this.#sequencing = leadership?.lead(SEQUENCER, (term) => sequencer.run(term));
  }

  async open(): Promise<void> {
    const created = logCreated(new Date(this.#clock.now()).toISOString());
    const [first] = await this.readStream(HUB_STREAM, { from: 0, to: 0 }).catch(damaged);
    if (!first)
      await this.append({ stream: HUB_STREAM, expectedRevision: NO_STREAM, events: [created] }).catch((error: unknown) => {
        if (!(error instanceof RevisionConflictError)) throw error; // another process was first
      });
    const [{ type, data } = created] = first ? [first] : await this.readStream(HUB_STREAM, { from: 0, to: 0 }).catch(damaged);
    if (type !== 'LogCreated') damaged();
    ({ logId: this.logId, namespace: this.namespace } = data as LogCreated['data']);
  }

  async append(append: Append): Promise<AppendResult> {
    this.#assertOpen();
    return this.#queue.append(append);
  }

  appendMany(appends: readonly Append[]): Promise<PromiseSettledResult<AppendResult>[]> {
    return Promise.allSettled(appends.map((append) => this.append(append)));
  }

  async readStream(
    stream: string,
    { from = 0, to = Number.MAX_SAFE_INTEGER }: { from?: number; to?: number } = {},
  ): Promise<RecordedEvent[]> {
    this.#assertOpen();
    const events = await readStreamRows(this.#database, stream, from, to);
    this.#heads.learnFrom(events.slice(-1));
    return events;
  }

  async findRequest(requestKey: string): Promise<string | undefined> {
    this.#assertOpen();
    return readRequest(this.#database, requestKey);
  }

  async readAll({ after, limit, categories }: { after: bigint; limit: number; categories?: readonly string[] }): Promise<RecordedEvent[]> {
    const end = await this.lastPosition();
    if (!categories) return readWindow(this.#database, after, end, limit, undefined);
    const events: RecordedEvent[] = [];
    for (let from = after; from < end && events.length < limit; from += WINDOW) {
      this.#assertOpen();
      const upTo = from + WINDOW < end ? from + WINDOW : end;
      events.push(...(await readWindow(this.#database, from, upTo, limit - events.length, categories)));
    }
    return events;
  }

  async readRaw({ after, limit, stream }: { after: bigint; limit: number; stream?: string }): Promise<RawEvent[]> {
    const end = await this.lastPosition();
    if (after >= end) return [];
    return stream === undefined ? readRawWindow(this.#database, after, end, limit) : readRawOfStream(this.#database, stream, after, limit);
  }

  async lastPosition(): Promise<bigint> {
    this.#assertOpen();
    await this.#ownAppendsPlaced();
    return readEnd(this.#database);
  }

  async newest(): Promise<RecordedEvent | undefined> {
    const end = await this.lastPosition();
    const [newest] = await readWindow(this.#database, end - 1n, end, 1, undefined);
    return newest;
  }

  async positionAt(time: string): Promise<bigint> {
    this.#assertOpen();
    await this.#ownAppendsPlaced();
    return readPositionAt(this.#database, new Date(time));
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#assertOpen();
    this.#watcher ??= new LogWatcher(this.#database, this.#clock, (end) => this.#moved(end));
    const source = {
      clock: this.#clock,
      end: () => this.#end,
      read: async (...window: [bigint, bigint, number, readonly string[] | undefined]) => {
        const events = await readWindow(this.#database, ...window);
        this.#heads.learnFrom(events);
        return events;
      },
    };
    const subscription = new EventSubscription(source, options, () => this.#subscriptions.delete(subscription));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** Appends asked before are settled, batches in hand are finished; then subscriptions end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.drained();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription[Symbol.asyncDispose]()));
    await this.#watcher?.[Symbol.asyncDispose]();
    await this.#sequencing?.[Symbol.asyncDispose]();
  }

  #moved(end: bigint): void {
    if (end <= this.#end) return;
    this.#end = end;
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  /** Whoever appended and then reads the log finds what it appended. */
  async #ownAppendsPlaced(): Promise<void> {
    const giveUpAtMs = this.#clock.now() + PLACED_WITHIN_MS;
    for (let own = this.#unplaced; own; own = this.#unplaced) {
      const [row] = await this.#database.rows<[boolean]>(WAITS, [own.from, own.to]);
      if (!row?.[0]) {
        if (this.#unplaced === own) this.#unplaced = undefined;
        return;
      }
      if (this.#clock.now() > giveUpAtMs) return;
      await this.#clock.sleep(BETWEEN_LOOKS_MS);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('the event store');
  }
}

const logCreated = (time: string): NewEvent => ({
  id: newId(),
  type: 'LogCreated',
  data: { logId: randomId(), namespace: randomId() } satisfies LogCreated['data'],
  metadata: { time, correlationId: newId(), actor: 'hub', schemaVersion: 1 },
});

const damaged = (cause?: unknown): never => {
  if (cause && !(cause instanceof SyntaxError)) throw cause;
  throw new ConfigurationError(["the log's first event is damaged or missing: restore the database from a backup"]);
};
