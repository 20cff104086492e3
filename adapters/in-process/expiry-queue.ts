/**
 * What expires first, first: a binary heap. Items are not removed from the middle; one that was replaced or deleted
 * is skipped when it comes up, and the heap is rebuilt when such items outnumber the living.
 */
export class ExpiryQueue<Item extends { readonly expiresAtMs: number }> {
  readonly #isAlive: (item: Item) => boolean;
  #heap: Item[] = [];
  #rebuildAt = 1_024;

  constructor(isAlive: (item: Item) => boolean) {
    this.#isAlive = isAlive;
  }

  add(item: Item): void {
    if (this.#heap.length >= this.#rebuildAt) {
      // In order of expiry an array is a heap.
      this.#heap = this.#heap.filter(this.#isAlive).toSorted((a, b) => a.expiresAtMs - b.expiresAtMs);
      this.#rebuildAt = 1_024 + this.#heap.length * 2;
    }
    this.#rise(item);
  }

  /** The living item that expires first. It stays until it is no longer alive. */
  first(): Item | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#isAlive(top)) return top;
      const last = this.#heap.pop() as Item;
      if (this.#heap.length > 0) this.#sink(last);
    }
    return undefined;
  }

  clear(): void {
    this.#heap = [];
  }

  #rise(item: Item): void {
    const heap = this.#heap;
    let hole = heap.length;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      const parent = heap[above] as Item;
      if (parent.expiresAtMs <= item.expiresAtMs) break;
      heap[hole] = parent;
      hole = above;
    }
    heap[hole] = item;
  }

  /** Puts an item in the place of the top. */
  #sink(item: Item): void {
    const heap = this.#heap;
    let hole = 0;
    for (;;) {
      let below = hole * 2 + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right && right.expiresAtMs < (heap[below] as Item).expiresAtMs) below += 1;
      const child = heap[below] as Item;
      if (child.expiresAtMs >= item.expiresAtMs) break;
      heap[hole] = child;
      hole = below;
    }
    heap[hole] = item;
  }
}
