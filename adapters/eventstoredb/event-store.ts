import { ClosedError, ConfigurationError } from '@sagahub/contracts/errors.ts';
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
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import { type EngineHealth, HEALTH_TIMEOUT_MS } from '../engine/engine.ts';
import { Appends } from './appends.ts';
import { AppendStream } from './append-stream.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { EventSubscription } from './event-subscription.ts';
import { NoAnswerError, translated } from './failures.ts';
import { LogReader } from './log-reader.ts';
import { RequestKeys } from './request-keys.ts';
import { Server } from './server.ts';
import { NO_POSITION, recordedEvent, type StoredEvent } from './stored-event.ts';
import { StreamNames } from './stream-names.ts';
import { TimeIndex } from './time-index.ts';

export interface EventStoreDbOptions {
  /** `esdb://…` or `kurrentdb://…`; see `connection-url.ts`. */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Put before the name of every stream, to keep several logs apart on one server. Default: none. */
  readonly streamPrefix?: string;
  /** How long an append waits for its answer before it is repeated. Default 5 s. */
  readonly appendTimeoutMs?: number;
  /** How long a call is repeated while the server does not answer. Default 15 s. */
  readonly giveUpAfterMs?: number;
  /** How often a subscription that hears nothing looks whether it should have. Default 5 s. */
  readonly heartbeatMs?: number;
}

const DEFAULTS = { streamPrefix: '', appendTimeoutMs: 5_000, giveUpAfterMs: 15_000, heartbeatMs: 5_000 };
/** See `RequestKeys`. */
const LEASE_FACTOR = 4;

/**
 * The event store on EventStoreDB or KurrentDB 22.6 or newer. A new log begins with `LogCreated`, whoever of many comes first.
 * @throws ConfigurationError the URL cannot be used, or what it leads to
 * @throws UnavailableError the server cannot be reached: try again later
 */
export const openEventStoreDb = async (options: EventStoreDbOptions): Promise<EventStore & EngineHealth> => {
  const { url, clock, logger, streamPrefix, appendTimeoutMs, giveUpAfterMs, heartbeatMs } = { ...DEFAULTS, ...options };
  const server = new Server(parseConnectionUrl(url), { clock, logger, giveUpAfterMs });
  const reader = new LogReader(server, new StreamNames(streamPrefix));
  const stream = new AppendStream(server, appendTimeoutMs);
  const keys = new RequestKeys(reader, stream, clock, LEASE_FACTOR * giveUpAfterMs);
  const appends = new Appends(reader, stream, keys);
  try {
    const [first] = await reader.stream(HUB_STREAM, 0, 0);
    if (!first) await beginLog(appends, clock);
    const created = first ?? (await reader.stream(HUB_STREAM, 0, 0))[0];
    const names = readLogCreated(created, server.name);
    await reader.lastPosition();
    return new EventStoreDb(names, { server, reader, appends, keys, heartbeatMs });
  } catch (error) {
    await server.close();
    throw error;
  }
};

const beginLog = async (appends: Appends, clock: Clock): Promise<void> => {
  const event: NewEvent = {
    id: newId(),
    type: 'LogCreated',
    data: { logId: randomId(), namespace: randomId() } satisfies LogCreated['data'],
    metadata: { time: new Date(clock.now()).toISOString(), correlationId: newId(), actor: 'hub', schemaVersion: 1 },
  };
  // Another process may have been quicker: then its event is the first.
  const [outcome] = await Promise.allSettled([appends.append({ stream: HUB_STREAM, expectedRevision: NO_STREAM, events: [event] })]);
  if (outcome?.status === 'rejected' && (outcome.reason as { code?: string }).code !== 'HUB_REVISION_CONFLICT') throw outcome.reason;
};

const readLogCreated = (first: StoredEvent | undefined, server: string): LogCreated['data'] & { readonly position: bigint } => {
  if (first?.position === NO_POSITION)
    throw new ConfigurationError([`the server at ${server} is too old: it needs to be EventStoreDB 22.6 or newer, or KurrentDB`]);
  try {
    const event = first?.revision === 0 ? recordedEvent(first, '') : undefined;
    if (event?.type === 'LogCreated') return { ...(event.data as LogCreated['data']), position: event.position };
  } catch {
    // Told below: whatever is wrong with it, the remedy is the same.
  }
  throw new ConfigurationError([
    `the first event of the log at ${server} is damaged, missing or another program's: restore it from a backup, or choose a stream prefix`,
  ]);
};

interface Parts {
  readonly server: Server;
  readonly reader: LogReader;
  readonly appends: Appends;
  readonly keys: RequestKeys;
  readonly heartbeatMs: number;
}

class EventStoreDb implements EventStore, EngineHealth {
  readonly logId: string;
  readonly namespace: string;
  readonly densePositions = false;
  readonly #parts: Parts;
  readonly #times: TimeIndex;
  readonly #subscriptions = new Set<Subscription>();
  #isClosed = false;

  constructor({ logId, namespace, position }: ReturnType<typeof readLogCreated>, parts: Parts) {
    this.logId = logId;
    this.namespace = namespace;
    this.#parts = parts;
    this.#times = new TimeIndex(parts.reader);
    parts.reader.begin = position;
  }

  async append(append: Append): Promise<AppendResult> {
    return this.#open().appends.append(append);
  }

  appendMany(appends: readonly Append[]): Promise<PromiseSettledResult<AppendResult>[]> {
    return Promise.allSettled(appends.map((append) => this.append(append)));
  }

  async readStream(
    stream: string,
    { from = 0, to = Number.MAX_SAFE_INTEGER }: { from?: number; to?: number } = {},
  ): Promise<RecordedEvent[]> {
    const { reader } = this.#open();
    return this.#recorded(await reader.stream(stream, from, to));
  }

  async findRequest(requestKey: string): Promise<string | undefined> {
    return this.#open().keys.holder(requestKey);
  }

  async readAll({ after, limit, categories }: { after: bigint; limit: number; categories?: readonly string[] }): Promise<RecordedEvent[]> {
    const { reader } = this.#open();
    const events: RecordedEvent[] = [];
    for (let from = after; events.length < limit; ) {
      const page = await reader.page(from, limit - events.length, categories);
      const isLast = page.length < limit - events.length;
      events.push(...this.#recorded(page));
      if (isLast) break;
      from = page.at(-1)?.position ?? from;
    }
    return events;
  }

  /** Of one stream, a page begins by reading it from its start: streams are short. */
  async readRaw({ after, limit, stream }: { after: bigint; limit: number; stream?: string }): Promise<RawEvent[]> {
    const { reader } = this.#open();
    const events =
      stream === undefined
        ? await reader.page(after, limit)
        : (await reader.stream(stream, 0, Number.MAX_SAFE_INTEGER)).filter(({ position }) => position > after).slice(0, limit);
    const { prefix } = reader.names;
    return events.map(({ id: _id, stream: stored, ...raw }) => ({ ...raw, stream: stored.slice(prefix.length) }));
  }

  async lastPosition(): Promise<bigint> {
    return this.#open().reader.lastPosition();
  }

  async newest(): Promise<RecordedEvent | undefined> {
    return this.#recorded(await this.#open().reader.pageBefore('end', 1))[0];
  }

  async positionAt(time: string): Promise<bigint> {
    this.#open();
    return this.#times.positionAt(Date.parse(time));
  }

  subscribe(options: SubscribeOptions): Subscription {
    const { server, reader, heartbeatMs } = this.#open();
    const subscription = new EventSubscription(server, reader, heartbeatMs, options, () => this.#subscriptions.delete(subscription));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async health(): Promise<HealthCheck> {
    const name = 'event-store:connection';
    const { reader, server } = this.#open();
    const late = new AbortController();
    try {
      const silence = server.clock.sleep(HEALTH_TIMEOUT_MS, late.signal).then(() => {
        throw translated(new NoAnswerError(`no answer within ${HEALTH_TIMEOUT_MS} ms`), server.name);
      });
      await Promise.race([reader.lastPosition(), silence]);
      return { name, status: 'pass' };
    } catch (error) {
      return { name, status: 'fail', output: error instanceof Error ? error.message : String(error) };
    } finally {
      late.abort();
    }
  }

  /** Appends asked before are settled, batches in hand are finished; then subscriptions end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#parts.appends.settled();
    this.#parts.server.stopRepeating();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription[Symbol.asyncDispose]()));
    await this.#parts.server.close();
  }

  #recorded(stored: readonly StoredEvent[]): RecordedEvent[] {
    const { prefix } = this.#parts.reader.names;
    return stored.map((event) => recordedEvent(event, prefix)).filter((event) => event !== undefined);
  }

  #open(): Parts {
    if (this.#isClosed) throw new ClosedError('the event store');
    return this.#parts;
  }
}
