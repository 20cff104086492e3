import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeEvent } from '@sagahub/contracts/event-codec.ts';
import type { NewEvent, SealedData } from '@sagahub/contracts/events.ts';
import { openWith } from '@sagahub/contracts/personal-data.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import { exportLine } from '../audit/export-line.ts';
import type { EventsQuery } from './events-query.ts';
import type { QueryContext } from './query-context.ts';

const PAGE = 500;
/** Times ascend within a stream and nearly so over the log: this is how far "nearly" may be off. */
const DISORDER_MS = 60_000;
/** How often a follower looks for more. */
const POLL_MS = 250;

interface ExportOptions {
  readonly openPersonal: boolean;
  readonly signal: AbortSignal;
}

/** Chunks of whole lines; the next page is read when the reader has taken the last. */
export async function* exportLog(context: QueryContext, query: EventsQuery, after: bigint, options: ExportOptions): AsyncGenerator<string> {
  const { store } = context;
  let left = query.limit ?? Infinity;
  let position = await startOf(context, query, after);
  while (left > 0 && !options.signal.aborted) {
    const head = await store.lastPosition();
    const page = await store.readRaw({ after: position, limit: PAGE, ...(query.stream !== undefined && { stream: query.stream }) });
    const chosen = page.filter((event) => matches(event, query)).slice(0, left);
    if (chosen.length > 0) yield await encode(context, chosen, options.openPersonal);
    left -= chosen.length;
    position = page.at(-1)?.position ?? position;
    if (page.length === PAGE) {
      if (isPast(page.at(-1), query)) return;
      await nextTurn();
    } else if (query.follow) {
      // Whatever lay behind the last row of the page is not wanted: waiting begins behind it.
      if (head > position) position = head;
      await appended(context, position, options.signal);
    } else return;
  }
}

/** Skips what lies before `from` without reading it. */
const startOf = async ({ store }: QueryContext, { from }: EventsQuery, after: bigint): Promise<bigint> => {
  if (from === undefined) return after;
  const before = await store.positionAt(new Date(Date.parse(from) - DISORDER_MS).toISOString());
  return before > after ? before : after;
};

const isPast = (event: RawEvent | undefined, { to }: EventsQuery): boolean =>
  event !== undefined && to !== undefined && timeOf(event) > new Date(Date.parse(to) + DISORDER_MS).toISOString();

const matches = (event: RawEvent, { type, from, to }: EventsQuery): boolean => {
  if (type === undefined && from === undefined && to === undefined) return true;
  const decoded = decodedOf(event);
  if (!decoded) return false;
  if (type !== undefined && !type.split(',').includes(decoded.type)) return false;
  const { time } = decoded.metadata;
  return (from === undefined || time >= from) && (to === undefined || time < to);
};

const timeOf = (event: RawEvent): string => decodedOf(event)?.metadata.time ?? '';

/** `undefined` on a damaged row, which only an export without filters shows. */
const decodedOf = ({ bytes }: RawEvent): NewEvent | undefined => {
  try {
    return decodeEvent(bytes);
  } catch {
    return undefined;
  }
};

const encode = async ({ keys, cursors }: QueryContext, events: readonly RawEvent[], openPersonal: boolean): Promise<string> => {
  const personal = openPersonal ? await openAll(keys, events) : undefined;
  let chunk = '';
  for (const event of events) chunk += `${exportLine(event, cursors, personal?.get(event.position))}\n`;
  return chunk;
};

/** Personal data of a page by position, with one look-up of keys. */
const openAll = async (keys: KeyStore, events: readonly RawEvent[]): Promise<ReadonlyMap<bigint, object>> => {
  const sealed = events.flatMap((event) => {
    const data = event.bytes.includes('"private":') ? decodedOf(event)?.private : undefined;
    return data ? [{ event, data }] : [];
  });
  const found = await keys.keys([...new Set(sealed.map(({ data }) => data.keyId))]);
  return new Map(
    sealed.map(({ event, data }) => {
      const key = found.get(data.keyId);
      return [event.position, key ? openOrTell(key, event.stream, data) : { erased: true }];
    }),
  );
};

/** An export goes on past data that was tampered with; verifying names it. */
const openOrTell = (key: Uint8Array, stream: string, data: SealedData): object => {
  try {
    return openWith(key, stream, data);
  } catch {
    return { damaged: true };
  }
};

const appended = async ({ clock, store }: QueryContext, position: bigint, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted && (await store.lastPosition()) <= position) await clock.sleep(POLL_MS, signal);
};
