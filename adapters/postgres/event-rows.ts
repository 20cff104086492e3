import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type RawEvent, UNPLACED } from '@sagahub/contracts/ports/event-store.ts';
import type { Session, Statement } from './database.ts';

/** Position, stream, revision, hash (hex), bytes; the position is `null` while the event has no place. */
type Row = readonly [position: string | null, stream: string, revision: number, hash: string, bytes: string];
const COLUMNS = `s.name, e.revision, encode(e.hash, 'hex'), convert_from(e.bytes, 'UTF8')`;

const rawEvent = ([position, stream, revision, hash, bytes]: Row): RawEvent => ({
  position: position === null ? UNPLACED : BigInt(position),
  stream,
  revision,
  hash,
  bytes,
});
const recordedEvent = ([position, stream, revision, hash, bytes]: Row): RecordedEvent => ({
  ...decodeEvent(bytes),
  stream,
  revision,
  position: position === null ? UNPLACED : BigInt(position),
  hash,
});

/** Appends that cover positions from $1 + 1 to $2: the first of them may begin before. */
const PLACES = `placed p WHERE p.first_position >= coalesce((SELECT max(first_position) FROM placed WHERE first_position <= $1::bigint + 1), 1) AND p.first_position <= $2`;
const page = (name: string, filter: string): Statement => ({
  name,
  text: `SELECT p.first_position + e.revision - p.first_revision AS position, ${COLUMNS}
    FROM (SELECT * FROM ${PLACES} ORDER BY p.first_position) p
    JOIN streams s ON s.key = p.stream ${filter}
    JOIN events e ON e.stream = p.stream AND e.revision >= p.first_revision AND e.revision < p.first_revision + p.events
    WHERE p.first_position + e.revision - p.first_revision > $1 AND p.first_position + e.revision - p.first_revision <= $2
    ORDER BY p.first_position, e.revision LIMIT $3`,
});
const PAGE = page('log-page', '');
const PAGE_OF_CATEGORIES = page('log-page-of-categories', 'AND s.category = ANY ($4)');

/** Where an event of a stream stands, if it has its place. */
const PLACE = `LEFT JOIN LATERAL (
    SELECT first_position + e.revision - first_revision AS position FROM (
      SELECT * FROM placed WHERE stream = e.stream AND first_revision <= e.revision ORDER BY first_revision DESC LIMIT 1
    ) nearest WHERE e.revision < first_revision + events
  ) p ON true`;
const STREAMS: Statement = {
  name: 'streams',
  text: `SELECT p.position, ${COLUMNS}, a.number FROM unnest($1::text[], $2::integer[], $3::integer[])
      WITH ORDINALITY AS a (name, from_revision, to_revision, number)
    JOIN streams s ON s.name = a.name JOIN events e ON e.stream = s.key AND e.revision BETWEEN a.from_revision AND a.to_revision ${PLACE}
    ORDER BY a.number, e.revision`,
};
const RAW_OF_STREAM: Statement = {
  name: 'raw-of-stream',
  text: `SELECT p.position, ${COLUMNS} FROM streams s JOIN events e ON e.stream = s.key ${PLACE}
    WHERE s.name = $1 AND p.position > $2 ORDER BY e.revision LIMIT $3`,
};
/** No row before the first event has its place. */
export const END: Statement = {
  name: 'log-end',
  text: 'SELECT first_position + events - 1 FROM placed ORDER BY first_position DESC LIMIT 1',
};
const REQUEST: Statement = { name: 'request', text: 'SELECT stream FROM request_keys WHERE key = $1' };

const MAX_REVISION = 2 ** 31 - 2;

/** What `categories` undefined means: all. The window is (after, upTo]. */
export const readWindow = async (
  session: Session,
  after: bigint,
  upTo: bigint,
  limit: number,
  categories: readonly string[] | undefined,
): Promise<RecordedEvent[]> => (await windowRows(session, after, upTo, limit, categories)).map(recordedEvent);

export const readRawWindow = async (session: Session, after: bigint, upTo: bigint, limit: number): Promise<RawEvent[]> =>
  (await windowRows(session, after, upTo, limit, undefined)).map(rawEvent);

const windowRows = async (
  session: Session,
  after: bigint,
  upTo: bigint,
  limit: number,
  categories: readonly string[] | undefined,
): Promise<Row[]> => {
  if (after >= upTo) return [];
  // No more appends than events are wanted: the rest of a long window is not looked at.
  const reach = categories || upTo - after <= limit ? upTo : after + BigInt(limit);
  return session.rows<Row>(categories ? PAGE_OF_CATEGORIES : PAGE, [after, reach, limit, ...(categories ? [categories] : [])]);
};

/** Revisions of one stream, both ends included. */
export interface StreamRange {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** One element per range: what decodes its events, and throws when bytes are none. */
export const readStreamsRows = async (session: Session, ranges: readonly StreamRange[]): Promise<readonly (() => RecordedEvent[])[]> => {
  const rows = await session.rows<readonly [...Row, number: string]>(STREAMS, [
    ranges.map(({ stream }) => stream),
    ranges.map(({ from }) => Math.min(from, MAX_REVISION)),
    ranges.map(({ to }) => Math.min(to, MAX_REVISION)),
  ]);
  const byRange = ranges.map((): Row[] => []);
  for (const [position, stream, revision, hash, bytes, number] of rows)
    byRange[Number(number) - 1]!.push([position, stream, revision, hash, bytes]);
  return byRange.map((found) => () => found.map(recordedEvent));
};

export const readRawOfStream = async (session: Session, stream: string, after: bigint, limit: number): Promise<RawEvent[]> =>
  (await session.rows<Row>(RAW_OF_STREAM, [stream, after, limit])).map(rawEvent);

export const readEnd = async (session: Session): Promise<bigint> => BigInt((await session.rows<[string]>(END))[0]?.[0] ?? 0);

export const readRequest = async (session: Session, requestKey: string): Promise<string | undefined> =>
  (await session.rows<[string]>(REQUEST, [requestKey]))[0]?.[0];
