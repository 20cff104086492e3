import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { SubscribeOptions, Subscription } from '@sagahub/contracts/ports/event-store.ts';

const DEFAULT_BATCH_SIZE = 500;
/** Positions that one read of some categories looks at. */
const WINDOW = 10_000n;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export interface SubscriptionSource {
  readonly clock: Clock;
  /** Where the log ends as far as is known here. */
  readonly end: () => bigint;
  /** Up to where it is known that nothing of these categories comes behind the position. */
  readonly skip: (position: bigint, categories: readonly string[]) => bigint;
  read(after: bigint, upTo: bigint, limit: number, categories: readonly string[] | undefined): Promise<RecordedEvent[]>;
}

/**
 * | the subscriber is | it |
 * |---|---|
 * | at the end | sleeps until the log's end is known to have moved |
 * | behind it, but nothing of its categories was added | goes there without reading |
 * | behind it | reads a page behind its own position, and delivers it |
 * | cut off from the server | tries again, with growing pauses, from its own position |
 *
 * Positions are dense and an event has one only once everything before it has: it can neither skip nor repeat one.
 */
export class EventSubscription implements Subscription {
  readonly done: Promise<void>;
  readonly #source: SubscriptionSource;
  readonly #onEvents: SubscribeOptions['onEvents'];
  readonly #batchSize: number;
  readonly #categories: readonly string[] | undefined;
  #position: bigint;
  #wake: (() => void) | undefined;
  readonly #stopping = new AbortController();

  constructor(source: SubscriptionSource, { after, batchSize, categories, onEvents }: SubscribeOptions, ended: () => void) {
    this.#source = source;
    this.#position = after;
    this.#batchSize = batchSize ?? DEFAULT_BATCH_SIZE;
    this.#categories = categories;
    this.#onEvents = onEvents;
    this.done = this.#run().finally(ended);
    this.done.catch(() => {}); // told to whoever asks `done`, however late
  }

  get position(): bigint {
    return this.#position;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Waits for the batch in hand. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.done.catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const end = this.#source.end();
      if (this.#categories) this.#position = this.#source.skip(this.#position, this.#categories);
      if (this.#position >= end) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const upTo = this.#categories && end - this.#position > WINDOW ? this.#position + WINDOW : end;
      const events = await this.#read(upTo);
      if (signal.aborted || !events) return;
      if (events.length > 0) await this.#onEvents(events);
      const last = events.at(-1)?.position;
      this.#position = events.length < this.#batchSize || last === undefined ? upTo : last;
    }
  }

  /** `undefined` when disposed meanwhile. */
  async #read(upTo: bigint): Promise<RecordedEvent[] | undefined> {
    const { signal } = this.#stopping;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      try {
        return await this.#source.read(this.#position, upTo, this.#batchSize, this.#categories);
      } catch (error) {
        if (!(error as { retryable?: boolean }).retryable) throw error;
        await this.#source.clock.sleep(pauseMs, signal);
      }
    }
  }
}
