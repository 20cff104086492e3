import type { DatabaseSync } from 'node:sqlite';
import { chainHash, chainStart, decodeEvent } from '@sagahub/contracts/event-codec.ts';
import { categoryOf } from '@sagahub/contracts/events.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import { APPENDED, type AppendCall, type AppendReply, CONFLICT, KEY_TAKEN, REPEATED, TIME_END, TIME_START } from './append-protocol.ts';
import { EventBlocks } from './event-blocks.ts';
import { fingerprint } from './fingerprint.ts';
import { RecentMap } from '@sagahub/contracts/recent-map.ts';

/** Streams whose end is remembered; an in-flight order's is, so its appends read nothing. */
const REMEMBERED_STREAMS = 20_000;

interface Head {
  readonly key: number;
  /** -1 while the stream has no event. */
  revision: number;
  hash: string;
  /** A number, as a piece of a string would keep all of it alive. */
  timeMs: number;
}

/**
 * Appending, in the writer thread. Being the only writer it assigns positions and stream keys itself and compares revisions in
 * memory. It validates before it writes, so an append that fails leaves nothing behind in the transaction it shares.
 */
export const logAppends = (db: DatabaseSync) => {
  const insertEvent = db.prepare('INSERT INTO events (position, stream, revision, hash, bytes) VALUES (?, ?, ?, ?, ?)');
  const insertStream = db.prepare('INSERT INTO streams (key, fingerprint, category, name) VALUES (?, ?, ?, ?)');
  const insertRequestKey = db.prepare('INSERT INTO request_keys (fingerprint, name, stream) VALUES (?, ?, ?)');
  const selectStream = db.prepare('SELECT key FROM streams WHERE fingerprint = ? AND name = ?');
  const selectHead = db.prepare(
    `SELECT revision, hash, substr(bytes, ${TIME_START + 1}, ${TIME_END - TIME_START}) AS time FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1`,
  );
  const selectRequestKey = db.prepare(
    'SELECT s.key, s.name FROM request_keys r JOIN streams s ON s.key = r.stream WHERE r.fingerprint = ? AND r.name = ?',
  );
  const selectBytes = db.prepare('SELECT bytes FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision');
  const selectEnds = db.prepare(
    'SELECT (SELECT coalesce(max(position), 0) FROM events) AS position, (SELECT coalesce(max(key), 0) FROM streams) AS stream',
  );

  const heads = new RecentMap<string, Head>(REMEMBERED_STREAMS);
  const blocks = new EventBlocks(db);
  let lastPosition = 0;
  let lastStream = 0;

  const headOf = (stream: string): Head | undefined => {
    const remembered = heads.get(stream);
    if (remembered) return remembered;
    const row = selectStream.get(fingerprint(stream), stream) as { key: number } | undefined;
    if (!row) return undefined;
    const { revision, hash, time } = selectHead.get(row.key) as { revision: number; hash: string; time: string };
    const head = { key: row.key, revision, hash, timeMs: Date.parse(time) };
    heads.set(stream, head);
    return head;
  };

  const createStream = (stream: string): Head => {
    lastStream += 1;
    insertStream.run(lastStream, fingerprint(stream), categoryOf(stream), stream);
    const head: Head = { key: lastStream, revision: NO_STREAM, hash: chainStart(stream), timeMs: 0 };
    heads.set(stream, head);
    return head;
  };

  /** Whether the stream holds the call's own events right where the call would have put them. */
  const isRepetition = (head: Head | undefined, [, expected, , ...bytes]: AppendCall): boolean => {
    if (!head || head.revision < expected + bytes.length) return false;
    const stored = selectBytes.all(head.key, expected + 1, expected + bytes.length) as { bytes: string }[];
    return stored.length === bytes.length && stored.every((row, index) => decodeEvent(row.bytes).id === decodeEvent(bytes[index] ?? '').id);
  };

  const append = (call: AppendCall): AppendReply => {
    const stream = call[0];
    const expected = call[1];
    const requestKey = call[2];
    const known = headOf(stream);
    const actual = known?.revision ?? NO_STREAM;
    if (actual !== expected) return isRepetition(known, call) ? [REPEATED] : [CONFLICT, actual];
    const requestKeyMark = requestKey === null ? 0 : fingerprint(requestKey);
    const owner =
      requestKey === null ? undefined : (selectRequestKey.get(requestKeyMark, requestKey) as { key: number; name: string } | undefined);
    if (owner && owner.key !== known?.key) return [KEY_TAKEN, owner.name];

    const head = known ?? createStream(stream);
    if (requestKey !== null && !owner) insertRequestKey.run(requestKeyMark, requestKey, head.key);
    const firstPosition = lastPosition + 1;
    let hashes = '';
    let raised = false;
    const timesMs: number[] = [];
    for (let index = 3; index < call.length; index += 1) {
      let bytes = call[index] as string;
      const timeMs = Date.parse(bytes.slice(TIME_START, TIME_END));
      if (timeMs >= head.timeMs) head.timeMs = timeMs;
      else {
        bytes = bytes.slice(0, TIME_START) + new Date(head.timeMs).toISOString() + bytes.slice(TIME_END);
        raised = true;
      }
      timesMs.push(head.timeMs);
      head.hash = chainHash(head.hash, bytes);
      head.revision += 1;
      lastPosition += 1;
      insertEvent.run(lastPosition, head.key, head.revision, head.hash, bytes);
      blocks.add(lastPosition, head.timeMs);
      hashes += head.hash;
    }
    return [APPENDED, firstPosition, hashes, raised ? timesMs : undefined];
  };

  const forget = (): void => {
    const ends = selectEnds.get() as { position: number; stream: number };
    lastPosition = ends.position;
    lastStream = ends.stream;
    heads.clear();
    blocks.forget();
  };
  forget();

  return {
    operations: {
      append,
      /** Settles after every operation asked before it. */
      barrier: (): void => {},
    },
    forget,
  };
};
