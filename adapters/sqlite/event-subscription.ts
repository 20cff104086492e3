import { setImmediate as nextTurn } from 'node:timers/promises';
import { categoryOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { SubscribeOptions, Subscription } from '@sagahub/contracts/ports/event-store.ts';
import type { EventFeed } from './event-feed.ts';

const DEFAULT_BATCH_SIZE = 500;

/**
 * | the subscriber is | it gets | then |
 * |---|---|---|
 * | at the end | nothing | sleeps until an event is published |
 * | within the tail | the tail's next events, the very objects that were appended | at once again |
 * | behind the tail | a page from disk | a turn of the event loop for everybody else, then again |
 *
 * Both sources speak in positions, and positions are dense: moving between them can neither skip nor repeat an event.
 */
export class EventSubscription implements Subscription {
  readonly done: Promise<void>;
  readonly #feed: EventFeed;
  readonly #onEvents: SubscribeOptions['onEvents'];
  readonly #batchSize: number;
  readonly #categories: ReadonlySet<string> | undefined;
  #reached: number;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(feed: EventFeed, { after, batchSize, categories, onEvents }: SubscribeOptions, ended: () => void) {
    this.#feed = feed;
    this.#reached = Number(after);
    this.#batchSize = batchSize ?? DEFAULT_BATCH_SIZE;
    this.#categories = categories && new Set(categories);
    this.#onEvents = onEvents;
    this.done = nextTurn()
      .then(() => this.#run())
      .finally(ended);
    this.done.catch(() => {}); // told to whoever asks `done`, however late
  }

  get position(): bigint {
    return BigInt(this.#reached);
  }

  /** {@link position} as a number. */
  get reached(): number {
    return this.#reached;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Waits for the batch in hand. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.done.catch(() => {});
  }

  async #run(): Promise<void> {
    const { tail } = this.#feed;
    while (!this.#stopped) {
      if (this.#reached >= tail.end)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      else if (this.#reached >= tail.start) await this.#deliverFromTail();
      else await this.#deliverFromDisk();
    }
  }

  async #deliverFromTail(): Promise<void> {
    const { tail } = this.#feed;
    const events = tail.after(this.#reached, this.#batchSize);
    const categories = this.#categories;
    await this.#deliver(
      categories ? events.filter((event) => categories.has(categoryOf(event.stream))) : events,
      this.#reached + events.length,
    );
    this.#feed.release();
  }

  async #deliverFromDisk(): Promise<void> {
    const { tail, reader } = this.#feed;
    const upTo = Math.min(this.#reached + this.#batchSize, tail.end);
    const categories = this.#categories && [...this.#categories];
    await this.#deliver(reader.window(this.#reached, upTo, this.#batchSize, categories), upTo);
    await nextTurn();
  }

  async #deliver(events: readonly RecordedEvent[], upTo: number): Promise<void> {
    if (events.length > 0) await this.#onEvents(events);
    this.#reached = upTo;
  }
}
