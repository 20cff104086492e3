import type { RecordedEvent } from '@sagahub/contracts/events.ts';

/** What live subscribers may lag behind before they read from the disk instead. */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** Events that go at once. With 2,500 each stayed for most of a second at 500 orders/s, long enough to leave the young generation. */
const PIECE = 250;

/**
 * The newest events of the log, in position order without gaps, shared by all subscribers: nobody has a queue of his own, so
 * memory is bounded however many there are and however slow. Overflow empties it; who still needed an event finds it on disk.
 */
export class EventTail {
  #events: RecordedEvent[] = [];
  #bytes: number[] = [];
  #totalBytes = 0;
  #end: number;

  constructor(end: number) {
    this.#end = end;
  }

  /** Position of the newest committed event. */
  get end(): number {
    return this.#end;
  }

  /** Position before the first event kept. */
  get start(): number {
    return this.#end - this.#events.length;
  }

  push(event: RecordedEvent, bytes: number): void {
    if (this.#events.length >= MAX_EVENTS || this.#totalBytes + bytes > MAX_BYTES) this.#clear();
    this.#events.push(event);
    this.#bytes.push(bytes);
    this.#totalBytes += bytes;
    this.#end += 1;
  }

  /** Moves the end without keeping anything: nobody listens. */
  skip(): void {
    if (this.#events.length > 0) this.#clear();
    this.#end += 1;
  }

  /** Events behind a position, which must not be before {@link start}. */
  after(position: number, limit: number): RecordedEvent[] {
    const from = position - this.start;
    return this.#events.slice(from, from + limit);
  }

  /** Everybody has seen the events up to here. Fewer than a piece stay, so that the array is not moved for each batch. */
  release(position: number): void {
    if (position >= this.#end) return this.#clear();
    const seen = position - this.start;
    if (seen < PIECE) return;
    this.#events.splice(0, seen);
    for (const bytes of this.#bytes.splice(0, seen)) this.#totalBytes -= bytes;
  }

  #clear(): void {
    this.#events = [];
    this.#bytes = [];
    this.#totalBytes = 0;
  }
}
