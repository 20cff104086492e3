import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { Lanes } from './lanes.ts';
import type { LogReader } from './log-reader.ts';
import { recordedEvent, type StoredEvent } from './stored-event.ts';

const BLOCK = 250;

/** Events that lie next to each other. */
interface Block {
  /** Before its first event, and its last one. */
  readonly after: bigint;
  readonly last: bigint;
  readonly earliestMs: number;
}

/**
 * Finds positions by the time that the events tell, which the server keeps no index of. Reads the log backwards, block by block, as far as it
 * has to, and remembers of each block how early its earliest event is: no part of the log is read through twice.
 */
export class TimeIndex {
  readonly #reader: LogReader;
  /** Oldest first, without a gap between them. */
  readonly #blocks: Block[] = [];
  #isComplete = false;
  readonly #turns = new Lanes();

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  /** Of the last event in the order of the log that says it was recorded at or before the time. */
  positionAt(timeMs: number): Promise<bigint> {
    return this.#turns.run('', () => this.#find(timeMs));
  }

  async #find(timeMs: number): Promise<bigint> {
    await this.#addNew();
    for (let index = this.#blocks.length - 1; ; index -= 1) {
      if (index < 0) {
        const added = await this.#addOlder();
        if (added === 0) return LOG_START;
        index += added;
      }
      const block = this.#blocks[index];
      if (!block || block.earliestMs > timeMs) continue;
      const events = await this.#reader.page(block.after, BLOCK);
      const found = events.findLast((event) => event.position <= block.last && (timeOf(event) ?? Number.POSITIVE_INFINITY) <= timeMs);
      if (found) return found.position;
    }
  }

  async #addNew(): Promise<void> {
    for (let newest = this.#blocks.at(-1)?.last; newest !== undefined; newest = this.#blocks.at(-1)?.last) {
      const events = await this.#reader.page(newest, BLOCK);
      if (events.length > 0) this.#blocks.push(blockOf(newest, events));
      if (events.length < BLOCK) return;
    }
  }

  /** @returns how many blocks were added in front */
  async #addOlder(): Promise<number> {
    if (this.#isComplete) return 0;
    const oldest = this.#blocks[0];
    // One event more than a block: it is the one before it.
    const events = (await this.#reader.pageBefore(oldest ? await this.#firstOf(oldest) : 'end', BLOCK + 1)).toReversed();
    const [before, ...rest] = events;
    if (!before) {
      this.#isComplete = true;
      return 0;
    }
    if (events.length <= BLOCK) {
      this.#isComplete = true;
      this.#blocks.unshift(blockOf(LOG_START, events));
    } else this.#blocks.unshift(blockOf(before.position, rest));
    return 1;
  }

  async #firstOf({ after }: Block): Promise<bigint> {
    const [first] = await this.#reader.page(after, 1);
    return first?.position ?? after;
  }
}

const blockOf = (after: bigint, events: readonly StoredEvent[]): Block => ({
  after,
  last: events.at(-1)?.position ?? after,
  earliestMs: events.reduce((earliest, event) => Math.min(earliest, timeOf(event) ?? earliest), Number.POSITIVE_INFINITY),
});

const timeOf = (stored: StoredEvent): number | undefined => {
  const event = recordedEvent(stored, '');
  return event && Date.parse(event.metadata.time);
};
