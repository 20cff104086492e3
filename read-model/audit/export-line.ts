import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { type LogCursors, ordinalOf } from '../log-cursor.ts';

/**
 * A line of the exported log: place, hash, and then the members of the event exactly as they are stored, so that the bytes that were
 * hashed can be cut out of the line again:
 *
 * ```
 * {"position":"…","stream":"order-…","revision":0,"hash":"…","time":…,"id":…,"type":…,"data":{…},"metadata":{…}}
 *                                                           └── with a { before it: the stored bytes
 * ```
 *
 * `personal` (opened personal data, or `{"erased":true}`) stands before `time` where the reader may see it. A row whose bytes are no JSON
 * object is exported as `"bytes":"…"`.
 */
export const exportLine = (event: RawEvent, cursors: LogCursors, personal?: object): string => {
  const head = headOf({
    position: cursors.encode(event.position),
    stream: event.stream,
    revision: event.revision,
    hash: event.hash,
    ...(personal && { personal }),
  });
  if (!EVENT.test(event.bytes)) return `${head},"bytes":${JSON.stringify(event.bytes)}}`;
  return `${head},${event.bytes.slice(1)}`;
};
const EVENT = /^\{"[^\n]*\}$/;

interface Head {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly hash: string;
  readonly personal?: object;
}
/** Without its closing brace. */
const headOf = (head: Head): string => JSON.stringify(head).slice(0, -1);

/**
 * The stored row behind an exported line.
 * @throws SyntaxError or TypeError on a line that the hub did not write
 */
export const parseExportLine = (line: string): RawEvent => {
  const { position, stream, revision, hash, personal, bytes } = JSON.parse(line) as Head & { readonly bytes?: unknown };
  const head = headOf({ position, stream, revision, hash, ...(personal && { personal }) });
  if (!line.startsWith(`${head},`)) throw new TypeError('the line is not as the hub exported it');
  const exact = typeof bytes === 'string' ? bytes : `{${line.slice(head.length + 1)}`;
  return { position: ordinalOf(position), stream, revision, hash, bytes: exact };
};
