import { chainHash } from '@sagahub/contracts/event-codec.ts';
import { categoryOf } from '@sagahub/contracts/events.ts';
import type { Append } from '@sagahub/contracts/ports/event-store.ts';
import { TIME_END, TIME_START } from '../sqlite/append-protocol.ts';
import type { Session, Statement } from './database.ts';
import type { Head } from './stream-heads.ts';

/** An append whose events are encoded, and what it is chained to. */
export interface ChainedAppend {
  readonly append: Append;
  readonly texts: readonly string[];
  readonly head: Head;
  /** Its place among those that are written together. */
  readonly rank: number;
}

export interface BatchResult {
  /** The stream's new head; `undefined` when the append lost. In the order of the appends. */
  readonly heads: readonly (Head | undefined)[];
  /** Of appends that lost by their request key: the stream that holds it. */
  readonly owners: ReadonlyMap<number, string>;
  /** First and last of the rows that wait for their place; `undefined` when nothing was written. */
  readonly waiting: readonly [first: bigint, last: bigint] | undefined;
}

const APPEND: Statement = {
  name: 'append',
  text: 'SELECT won, taken, owners, first_id, last_id FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
};
type AppendRow = readonly [
  won: number[] | null,
  taken: number[] | null,
  owners: string[] | null,
  firstId: string | null,
  lastId: string | null,
];

/**
 * Writes appends in one transaction of one statement. They must be to different streams, in the order of their names by bytes.
 * Hashes are computed here, so that the server only compares revisions. All bytes travel as one binary value: as an array of texts, the
 * quotes of the JSON would be escaped here and unescaped there.
 */
export const writeBatch = async (session: Session, batch: readonly ChainedAppend[]): Promise<BatchResult> => {
  const names: string[] = [];
  const ranks: number[] = [];
  const categories: string[] = [];
  const requestKeys: (string | null)[] = [];
  const expected: number[] = [];
  const counts: number[] = [];
  const firsts: number[] = [];
  const earliestMs: number[] = [];
  const latestMs: number[] = [];
  const ends: number[] = [0];
  const bytes: Buffer[] = [];
  const hashes: string[] = [];
  const heads: Head[] = [];
  let end = 0;
  for (const { append, texts, head, rank } of batch) {
    names.push(append.stream);
    ranks.push(rank);
    categories.push(categoryOf(append.stream));
    requestKeys.push(append.requestKey ?? null);
    expected.push(append.expectedRevision);
    counts.push(texts.length);
    firsts.push(ends.length);
    let { hash, timeMs } = head;
    for (const [index, text] of texts.entries()) {
      const raised = raisedTo(text, timeMs);
      timeMs = Math.max(timeMs, Date.parse(text.slice(TIME_START, TIME_END)));
      if (index === 0) earliestMs.push(timeMs);
      hash = chainHash(hash, raised);
      hashes.push(hash);
      const encoded = Buffer.from(raised, 'utf8');
      bytes.push(encoded);
      ends.push((end += encoded.length));
    }
    latestMs.push(timeMs);
    heads.push({ revision: append.expectedRevision + texts.length, hash, timeMs });
  }
  const [row] = await session.rows<AppendRow>(APPEND, [
    names,
    ranks,
    categories,
    expected,
    counts,
    firsts,
    earliestMs,
    latestMs,
    requestKeys.some((key) => key !== null) ? requestKeys : null,
    ends,
    Buffer.from(hashes.join(''), 'hex'),
    Buffer.concat(bytes),
  ]);
  const [won, taken, owners, firstId, lastId] = row as AppendRow;
  const winners = new Set(won);
  return {
    heads: heads.map((head, index) => (winners.has(index + 1) ? head : undefined)),
    owners: new Map(taken?.map((number, index) => [number - 1, owners?.[index] ?? ''])),
    waiting: firstId === null || lastId === null ? undefined : [BigInt(firstId), BigInt(lastId)],
  };
};

/** The event's text, with its time raised when it would go back. */
const raisedTo = (text: string, timeMs: number): string =>
  Date.parse(text.slice(TIME_START, TIME_END)) >= timeMs
    ? text
    : text.slice(0, TIME_START) + new Date(timeMs).toISOString() + text.slice(TIME_END);
