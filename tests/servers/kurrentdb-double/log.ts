/** What a server stores of an event. */
export interface Row {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  readonly createdMs: number;
}
export type Proposed = Pick<Row, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;
export type Expected = 'any' | 'no-stream' | 'stream-exists' | number;
export type Outcome =
  | { readonly kind: 'written'; readonly revision: number; readonly position: bigint }
  | { readonly kind: 'conflict'; readonly actual: number; readonly expected: Expected }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** KurrentDB's default `MaxAppendSize`. */
export const MAX_APPEND_BYTES = 1024 * 1024;
const NO_STREAM = -1;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** A real log holds records of its own between ours: here a `$stats` event behind so many of ours. */
const EVENTS_PER_STATISTIC = 100;

/** The log of the double: positions ascend by the size of the records, as in the real one; nothing is on disk. */
export class DoubleLog {
  readonly rows: Row[] = [];
  readonly #streams = new Map<string, Row[]>();
  /** Soft-deleted: events below this revision are gone, and the stream goes on from there. */
  readonly #truncatedBefore = new Map<string, number>();
  readonly #tombstones = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #nextPosition = 0n;
  #untilStatistic = EVENTS_PER_STATISTIC;

  constructor() {
    this.#write('$epoch-information', [system('$epoch-information')]); // the record at position 0
    this.#write('$users', [system('$user')]);
  }

  /** Rows of one stream that a reader may see, oldest first. */
  stream(name: string): readonly Row[] {
    const rows = this.#streams.get(name) ?? [];
    const from = this.#truncatedBefore.get(name) ?? 0;
    return from === 0 ? rows : rows.filter(({ revision }) => revision >= from);
  }

  /** Index of the first row at or behind the position. */
  indexAt(position: bigint): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.rows[middle] as Row).position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Like KurrentDB: a revision behind the expected one is a conflict, unless the very ids stand where the append would have put them: then
   * it is taken for a repetition and answered with success, whatever else it says.
   */
  append(stream: string, expected: Expected, events: readonly Proposed[]): Outcome {
    const invalid = fault(stream, events);
    if (invalid) return { kind: 'invalid', reason: invalid };
    if (events.reduce((sum, event) => sum + sizeOf(event), 0) > MAX_APPEND_BYTES) return { kind: 'too-large' };
    if (this.#tombstones.has(stream)) return { kind: 'deleted' };
    const rows = this.#streams.get(stream) ?? [];
    const current = rows.length - 1;
    const isSoftDeleted = this.stream(stream).length === 0;
    if (!matches(expected, isSoftDeleted ? NO_STREAM : current, current)) {
      const from = expected === 'no-stream' ? 0 : typeof expected === 'number' ? expected + 1 : undefined;
      const there = from === undefined ? [] : rows.slice(from, from + events.length);
      const last = there.at(-1);
      if (last && there.length === events.length && events.every(({ id }, index) => there[index]?.id === id))
        return { kind: 'written', revision: last.revision, position: last.position };
      return { kind: 'conflict', actual: isSoftDeleted ? NO_STREAM : current, expected };
    }
    const last = this.#write(stream, events);
    this.#untilStatistic -= events.length;
    if (this.#untilStatistic <= 0) {
      this.#untilStatistic = EVENTS_PER_STATISTIC;
      this.#write('$stats-127.0.0.1:2113', [system('$statsCollected')]);
    }
    for (const listener of this.#listeners) listener();
    return { kind: 'written', revision: last.revision, position: last.position };
  }

  /** Soft delete: what was there is not read any more, and the stream can be begun again. */
  delete(stream: string): void {
    this.#truncatedBefore.set(stream, this.#streams.get(stream)?.length ?? 0);
  }

  /** `$maxCount` and scavenging: the oldest events are gone. */
  truncate(stream: string, before: number): void {
    this.#truncatedBefore.set(stream, before);
  }

  /** Hard delete: nobody can ever write to the stream again. */
  tombstone(stream: string): void {
    this.delete(stream);
    this.#tombstones.add(stream);
  }

  /** What nobody can do through the protocol: changes stored bytes, for tests of the audit. */
  tamper(stream: string, revision: number, change: (row: Row) => Partial<Row>): void {
    const rows = this.#streams.get(stream) ?? [];
    const row = rows[revision];
    if (!row) throw new Error(`${stream} has no revision ${revision}`);
    const changed = { ...row, ...change(row) };
    rows[revision] = changed;
    this.rows[this.indexAt(row.position)] = changed;
  }

  isVisible({ stream, revision }: Row): boolean {
    return revision >= (this.#truncatedBefore.get(stream) ?? 0);
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #write(stream: string, events: readonly Proposed[]): Row {
    const rows = this.#streams.get(stream) ?? [];
    this.#streams.set(stream, rows);
    for (const event of events) {
      const row = { ...event, stream, revision: rows.length, position: this.#nextPosition, createdMs: Date.now() };
      this.#nextPosition += BigInt(sizeOf(event) + 2 * stream.length + 128);
      rows.push(row);
      this.rows.push(row);
    }
    return rows.at(-1) as Row;
  }
}

const system = (type: string): Proposed => ({
  id: crypto.randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from('{}'),
  metadata: new Uint8Array(),
});

const sizeOf = ({ type, data, metadata }: Proposed): number => 2 * type.length + data.length + metadata.length;

const matches = (expected: Expected, visible: number, current: number): boolean => {
  if (expected === 'any') return true;
  if (expected === 'no-stream') return visible === NO_STREAM;
  if (expected === 'stream-exists') return visible !== NO_STREAM;
  return expected === current;
};

const fault = (stream: string, events: readonly Proposed[]): string | undefined => {
  if (stream === '') return 'the stream has no name';
  if (events.length === 0) return 'an append of nothing';
  for (const { id, type, contentType } of events) {
    if (!UUID.test(id)) return `${id} is no UUID`;
    if (type === '') return 'an event without type';
    if (contentType !== 'application/json' && contentType !== 'application/octet-stream') return `unknown content type ${contentType}`;
  }
  return undefined;
};
