import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';

interface Consumer {
  readonly prefetch: number;
  readonly onHint: (hint: Hint) => Promise<void>;
  inHand: number;
  /** Resolves when nothing is in hand; exists while the consumer is being disposed. */
  drained?: PromiseWithResolvers<void>;
}

/**
 * One queue of the in-process bus. Hints are handed over once per turn of the event loop, to the consumers with room
 * in turns: all that was published or settled within a turn is served together, and I/O always gets its turn.
 */
export class HintQueue {
  readonly #maxLength: number;
  readonly #retryLater: (queue: HintQueue, hint: Hint) => Promise<void>;
  readonly #consumers: Consumer[] = [];
  /** First in, first out: hints before `#head` are handed over; the array is cut when most of it is. */
  #hints: Hint[] = [];
  #head = 0;
  #scheduled = false;
  readonly #serve = (): void => this.#handOver();

  constructor(maxLength: number, retryLater: (queue: HintQueue, hint: Hint) => Promise<void>) {
    this.#maxLength = maxLength;
    this.#retryLater = retryLater;
  }

  get length(): number {
    return this.#hints.length - this.#head;
  }

  push(hint: Hint): void {
    if (this.length >= this.#maxLength) return;
    this.#hints.push(hint);
    this.#schedule();
  }

  consume(prefetch: number, onHint: Consumer['onHint']): AsyncDisposable {
    const consumer: Consumer = { prefetch, onHint, inHand: 0 };
    this.#consumers.push(consumer);
    this.#schedule();
    return { [Symbol.asyncDispose]: () => this.#remove(consumer) };
  }

  /** Hands over nothing more; resolves when nothing is in hand. */
  async close(): Promise<void> {
    this.#hints = [];
    this.#head = 0;
    await Promise.all([...this.#consumers].map((consumer) => this.#remove(consumer)));
  }

  #schedule(): void {
    if (this.#scheduled || this.length === 0 || this.#consumers.length === 0) return;
    this.#scheduled = true;
    setImmediate(this.#serve);
  }

  #handOver(): void {
    this.#scheduled = false;
    for (let served = true; served; ) {
      served = false;
      for (const consumer of this.#consumers) {
        if (consumer.inHand >= consumer.prefetch) continue;
        const hint = this.#take();
        if (!hint) return;
        served = true;
        consumer.inHand += 1;
        void this.#deliver(consumer, hint);
      }
    }
  }

  #take(): Hint | undefined {
    const hint = this.#hints[this.#head];
    if (!hint) return undefined;
    this.#head += 1;
    if (this.#head > 1_024 + this.length || this.length === 0) {
      this.#hints = this.#hints.slice(this.#head);
      this.#head = 0;
    }
    return hint;
  }

  async #deliver(consumer: Consumer, hint: Hint): Promise<void> {
    try {
      await consumer.onHint(hint);
    } catch {
      // The handler's own engine has recorded and logged what went wrong; the bus only brings the hint again.
      void this.#retryLater(this, hint);
    }
    consumer.inHand -= 1;
    if (consumer.inHand === 0) consumer.drained?.resolve();
    this.#schedule();
  }

  async #remove(consumer: Consumer): Promise<void> {
    const index = this.#consumers.indexOf(consumer);
    if (index !== -1) this.#consumers.splice(index, 1);
    if (consumer.inHand === 0) return;
    consumer.drained ??= Promise.withResolvers();
    await consumer.drained.promise;
  }
}
