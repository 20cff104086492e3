import type { DatabaseSync } from 'node:sqlite';
import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { positionAtTime } from './event-blocks.ts';
import { fingerprint } from './fingerprint.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';

/** Streams whose key is remembered. */
const REMEMBERED_STREAMS = 5_000;

interface Row {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly hash: string;
  readonly bytes: string;
}

const recordedEvent = ({ position, stream, revision, hash, bytes }: Row): RecordedEvent => ({
  ...decodeEvent(bytes),
  stream,
  revision,
  position: BigInt(position),
  hash,
});

/** Reads committed events on the main thread, each call one short page. Positions are numbers here: one log never gets to 2^53. */
export class EventReader {
  readonly positionAt: (time: string) => number;
  readonly #keys = new RecentMap<string, number>(REMEMBERED_STREAMS);
  readonly #streamKey;
  readonly #streamEvents;
  readonly #window;
  readonly #categoryWindow;
  readonly #rawWindow;
  readonly #rawStream;
  readonly #requestKey;
  readonly #last;

  constructor(db: DatabaseSync) {
    this.positionAt = positionAtTime(db);
    this.#streamKey = db.prepare('SELECT key FROM streams WHERE fingerprint = ? AND name = ?');
    this.#streamEvents = db.prepare(
      'SELECT position, ? AS stream, revision, hash, bytes FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision',
    );
    const window = (filter: string) =>
      db.prepare(
        `SELECT e.position, s.name AS stream, e.revision, e.hash, e.bytes FROM events e JOIN streams s ON s.key = e.stream
         WHERE e.position > ? AND e.position <= ? ${filter} ORDER BY e.position LIMIT ?`,
      );
    this.#window = window('');
    this.#categoryWindow = window('AND s.category IN (SELECT value FROM json_each(?))');
    // Left joins, and the order of positions: an audit reads damaged logs too.
    const raw = (from: string, filter: string) =>
      db.prepare(
        `SELECT e.position, coalesce(s.name, 'missing-' || e.stream) AS stream, e.revision, e.hash, e.bytes
         FROM ${from} LEFT JOIN streams s ON s.key = e.stream WHERE ${filter} ORDER BY e.position LIMIT ?`,
      );
    this.#rawWindow = raw('events e', 'e.position > ?');
    this.#rawStream = raw('events e INDEXED BY events_by_stream', 'e.position > ? AND e.stream = ?');
    this.#requestKey = db.prepare(
      'SELECT s.name FROM request_keys r JOIN streams s ON s.key = r.stream WHERE r.fingerprint = ? AND r.name = ?',
    );
    this.#last = db.prepare('SELECT coalesce(max(position), 0) AS position FROM events');
  }

  stream(stream: string, from: number, to: number): RecordedEvent[] {
    const key = this.#keyOf(stream);
    return key === undefined ? [] : (this.#streamEvents.all(stream, key, from, to) as unknown as Row[]).map(recordedEvent);
  }

  /** Events at positions after `after` up to `upTo`, at most `limit`, of these categories (default: all). */
  window(after: number, upTo: number, limit: number, categories: readonly string[] | undefined): RecordedEvent[] {
    const rows = categories
      ? this.#categoryWindow.all(after, upTo, JSON.stringify(categories), limit)
      : this.#window.all(after, upTo, limit);
    return (rows as unknown as Row[]).map(recordedEvent);
  }

  /** Rows as they are stored, in position order; of one stream when it is named. */
  raw(after: number, limit: number, stream: string | undefined): RawEvent[] {
    const key = stream === undefined ? undefined : this.#keyOf(stream);
    if (stream !== undefined && key === undefined) return [];
    const rows = key === undefined ? this.#rawWindow.all(after, limit) : this.#rawStream.all(after, key, limit);
    return (rows as unknown as Row[]).map((row) => ({ ...row, position: BigInt(row.position) }));
  }

  requestStream(requestKey: string): string | undefined {
    return (this.#requestKey.get(fingerprint(requestKey), requestKey) as { name: string } | undefined)?.name;
  }

  lastPosition(): number {
    return (this.#last.get() as { position: number }).position;
  }

  #keyOf(stream: string): number | undefined {
    const remembered = this.#keys.get(stream);
    if (remembered !== undefined) return remembered;
    const row = this.#streamKey.get(fingerprint(stream), stream) as { key: number } | undefined;
    if (row) this.#keys.set(stream, row.key);
    return row?.key;
  }
}
