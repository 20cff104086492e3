import { AppendTooLargeError, RevisionConflictError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { chainHash, chainStart, decodeEvent, encodeEvent } from '@sagahub/contracts/event-codec.ts';
import { type Append, type AppendResult, MAX_APPEND_BYTES, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';
import type { AppendStream, Proposal } from './append-stream.ts';
import { Lanes } from './lanes.ts';
import type { LogReader } from './log-reader.ts';
import type { RequestKeys } from './request-keys.ts';
import { recordedEvent } from './stored-event.ts';

/** Streams whose end is remembered: appends to them read nothing. */
const REMEMBERED_HEADS = 20_000;
const TIME_PATTERN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Where the time stands in the bytes of an event, which begin `{"time":"2026-…Z"`. */
const TIME_START = '{"time":"'.length;
const TIME_END = TIME_START + '2026-11-20T12:00:00.000Z'.length;

/** The end of a stream, to which the next event is chained. */
interface Head {
  readonly revision: number;
  readonly hash: string;
  readonly timeMs: number;
}
interface Encoded {
  readonly id: string;
  readonly type: string;
  readonly bytes: string;
  /** For KurrentDB's own tools, e.g. its projection by correlation id. */
  readonly metadata: Readonly<Record<string, string | undefined>>;
}

/** Appends to one stream are made one behind the other, as each is chained to the one before; those to different streams at once. */
export class Appends {
  readonly #reader: LogReader;
  readonly #stream: AppendStream;
  readonly #keys: RequestKeys;
  readonly #heads = new RecentMap<string, Head>(REMEMBERED_HEADS);
  readonly #lanes = new Lanes();

  constructor(reader: LogReader, stream: AppendStream, keys: RequestKeys) {
    this.#reader = reader;
    this.#stream = stream;
    this.#keys = keys;
  }

  append(append: Append): Promise<AppendResult> {
    const encoded = encode(append); // at once: the caller may change its objects afterwards
    return this.#lanes.run(append.stream, () => this.#append(append, encoded));
  }

  /** Every append asked so far is settled. */
  settled(): Promise<void> {
    return this.#lanes.settled();
  }

  async #append(append: Append, encoded: readonly Encoded[]): Promise<AppendResult> {
    const { stream, expectedRevision, requestKey } = append;
    const remembered = this.#heads.get(stream) ?? (expectedRevision === NO_STREAM ? emptyHead(stream) : undefined);
    const head = remembered?.revision === expectedRevision ? remembered : await this.#readHead(stream);
    if (head.revision !== expectedRevision) return this.#repeatedOrConflict(append, encoded, head);
    if (requestKey !== undefined)
      await this.#keys.claim(requestKey, { stream, revision: expectedRevision + 1, eventId: encoded[0]?.id ?? '' });

    const { proposals, end } = chained(head, encoded);
    const { knownEnd } = this.#reader;
    const reply = await this.#stream.append(this.#reader.names.stored(stream), expectedRevision, proposals);
    this.#heads.delete(stream);
    if (reply.kind === 'conflict') return this.#repeatedOrConflict(append, encoded, await this.#readHead(stream));
    if (reply.kind === 'deleted' || reply.revision !== end.revision) throw deletedStream(stream);
    if (reply.position !== undefined) this.#reader.saw(reply.position);
    // A position from before we asked: the server knew the ids, and what it holds need not be what was sent now.
    if (reply.position !== undefined && reply.position > knownEnd) this.#heads.set(stream, end);
    return { revision: end.revision };
  }

  /** The stream is elsewhere. The call is a repetition when the stream holds its very events where it would have put them. */
  async #repeatedOrConflict({ stream, expectedRevision }: Append, encoded: readonly Encoded[], head: Head): Promise<AppendResult> {
    const revision = expectedRevision + encoded.length;
    if (head.revision >= revision) {
      const there = await this.#reader.stream(stream, expectedRevision + 1, revision);
      if (there.length === encoded.length && encoded.every(({ id }, index) => there[index]?.id === id.toLowerCase())) return { revision };
    }
    throw new RevisionConflictError(stream, expectedRevision, head.revision);
  }

  async #readHead(stream: string): Promise<Head> {
    const stored = await this.#reader.head(stream);
    if (!stored) return emptyHead(stream);
    if (!recordedEvent(stored, '')) throw strangeHead(stream, stored.revision);
    const head = { revision: stored.revision, hash: stored.hash, timeMs: Date.parse(decodeEvent(stored.bytes).metadata.time) };
    this.#heads.set(stream, head);
    return head;
  }
}

const emptyHead = (stream: string): Head => ({ revision: NO_STREAM, hash: chainStart(stream), timeMs: 0 });

const encode = ({ stream, events }: Append): Encoded[] => {
  if (events.length === 0) throw new TypeError(`an append to ${stream} needs at least one event`);
  const encoded = events.map((event): Encoded => {
    const { time, correlationId, causationId } = event.metadata;
    if (!TIME_PATTERN.test(time)) throw new TypeError(`the time of an event is ${time}, not ISO 8601 UTC with milliseconds`);
    const metadata = { $correlationId: correlationId, $causationId: causationId };
    return { id: event.id, type: event.type, bytes: encodeEvent(event), metadata };
  });
  const bytes = encoded.reduce((sum, event) => sum + Buffer.byteLength(event.bytes), 0);
  if (bytes > MAX_APPEND_BYTES) throw new AppendTooLargeError(stream, bytes, MAX_APPEND_BYTES);
  return encoded;
};

/** The bytes as they are stored, each with its hash; a time that would go back is raised. */
const chained = (head: Head, encoded: readonly Encoded[]): { readonly proposals: Proposal[]; readonly end: Head } => {
  let { hash, timeMs } = head;
  const proposals = encoded.map(({ id, type, bytes, metadata }) => {
    const ownMs = Date.parse(bytes.slice(TIME_START, TIME_END));
    const data = ownMs >= timeMs ? bytes : bytes.slice(0, TIME_START) + new Date(timeMs).toISOString() + bytes.slice(TIME_END);
    timeMs = Math.max(timeMs, ownMs);
    hash = chainHash(hash, data);
    return { id, type, data, metadata: JSON.stringify({ hash, ...metadata }) };
  });
  return { proposals, end: { revision: head.revision + encoded.length, hash, timeMs } };
};

const deletedStream = (stream: string): UnavailableError =>
  new UnavailableError('HUB_STORAGE_FAILED', `the stream ${stream} was deleted on the server by hand: restore it from a backup`);

const strangeHead = (stream: string, revision: number): UnavailableError =>
  new UnavailableError(
    'HUB_STORAGE_FAILED',
    `revision ${revision} of the stream ${stream} was not written by the hub: nothing can be chained to it`,
  );
