/**
 * Hands items from a producer that cannot wait to one consumer that may be slow. When more than `limit` wait, the consumer is dropped:
 * it gets no more, and ends.
 */
export class MessageQueue<Item> {
  readonly #limit: number;
  #items: Item[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(item: Item): void {
    if (this.#ended) return;
    if (this.#items.length >= this.#limit) this.end();
    else {
      this.#items.push(item);
      this.#wake?.();
    }
  }

  /** What has gathered; `undefined` when it has ended. */
  take(): readonly Item[] | undefined {
    if (this.#ended) return undefined;
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Resolves when there is something to take, or nothing any more. */
  async ready(): Promise<void> {
    if (this.#items.length > 0 || this.#ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  end(): void {
    this.#ended = true;
    this.#items = [];
    this.#wake?.();
  }
}
