import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import { isInvalidPosition } from './failures.ts';
import { type From, pageRequest, streamRequest } from './requests.ts';
import type { Server } from './server.ts';
import { storedEvent, type StoredEvent } from './stored-event.ts';
import type { StreamNames } from './stream-names.ts';

/** A page is read as a whole or not at all, within this time. */
const PAGE_DEADLINE_MS = 10_000;
const LARGEST_PAGE = 1_000;

/** Reads pages of streams and of the whole log. Streams are named without the prefix of this log. */
export class LogReader {
  readonly names: StreamNames;
  readonly #server: Server;
  /** There was an event here: nothing up to it can be beyond the end. */
  #knownEnd = LOG_START;
  #begin = LOG_START;

  constructor(server: Server, names: StreamNames) {
    this.#server = server;
    this.names = names;
  }

  /** From one revision to another, both inclusive, oldest first; but for those that somebody truncated on the server. */
  async stream(stream: string, from: number, to: number): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (let next = from; next <= to; ) {
      const size = Math.min(to - next + 1, LARGEST_PAGE);
      const page = await this.#read(streamRequest(this.names.stored(stream), BigInt(next), size));
      for (const event of page) if (event.revision <= to) events.push(event);
      if (page.length < size) break;
      next = (page.at(-1)?.revision ?? to) + 1;
    }
    return events;
  }

  /** The stream's last event, if it has any. */
  async head(stream: string): Promise<StoredEvent | undefined> {
    const [head] = await this.#read(streamRequest(this.names.stored(stream), 'end', 1, true));
    return head;
  }

  /** The whole log behind a position, of some categories or all of this log's. Shorter than `limit` only at the end. */
  async page(after: bigint, limit: number, categories?: readonly string[]): Promise<StoredEvent[]> {
    if (after > this.#knownEnd && after >= (await this.lastPosition())) return [];
    const pattern = this.names.pattern(categories);
    const events: StoredEvent[] = [];
    for (let from = after; events.length < limit; ) {
      const size = Math.min(limit - events.length, LARGEST_PAGE);
      // Inclusive: the event at the position itself is had already, unless its category is not wanted.
      const page = await this.#readPage(pattern, from < this.#begin ? this.#begin : from, size + 1);
      const next = page.filter(({ position }) => position > from).slice(0, size);
      events.push(...next);
      if (page.length <= size) break;
      from = next.at(-1)?.position ?? from;
    }
    this.saw(events.at(-1)?.position ?? LOG_START);
    return events;
  }

  /** Newest first, before a position. */
  pageBefore(before: bigint | 'end', limit: number): Promise<StoredEvent[]> {
    return this.#readPage(this.names.pattern(), before, limit, true);
  }

  /** Of the newest event of this log. */
  async lastPosition(): Promise<bigint> {
    const [last] = await this.pageBefore('end', 1);
    this.saw(last?.position ?? LOG_START);
    return last?.position ?? LOG_START;
  }

  /** An event is known to be there. */
  saw(position: bigint): void {
    if (position > this.#knownEnd) this.#knownEnd = position;
  }

  /** The newest event this process knows of. */
  get knownEnd(): bigint {
    return this.#knownEnd;
  }

  /** Position of the log's first event; what is before it on the server belongs to others. */
  get begin(): bigint {
    return this.#begin;
  }

  set begin(position: bigint) {
    this.#begin = position;
  }

  async #readPage(pattern: string, from: From, count: number, isBackwards = false): Promise<StoredEvent[]> {
    try {
      return await this.#read(pageRequest(pattern, from, count, isBackwards));
    } catch (error) {
      if (!isInvalidPosition((error as Error).cause)) throw error;
      throw new MalformedRequestError(`no event of the log is at position ${from}`, { code: 'HUB_INVALID_PARAMETER', cause: error });
    }
  }

  #read(request: streamsPb.ReadReq): Promise<StoredEvent[]> {
    return this.#server.call(async (client) => {
      const call = await client.openRead(request, PAGE_DEADLINE_MS);
      return new Promise((resolve, reject) => {
        const events: StoredEvent[] = [];
        call.on('data', (response: streamsPb.ReadResp) => {
          const message = response.getEvent();
          const event = message && storedEvent(message);
          if (event) events.push(event);
        });
        call.on('error', reject);
        call.on('end', () => resolve(events)); // of a missing stream too: it is told by a message, and means none
      });
    });
  }
}
