/** What a heap orders: `place` is the heap's own book-keeping, -1 while outside. */
export interface Due {
  dueAtMs: number;
  place: number;
}

/** A binary heap by due time that can also move and remove what is in the middle of it, each in logarithmic time. */
export class DueHeap<Entry extends Due> {
  readonly #entries: Entry[] = [];

  /** The one due first. */
  get first(): Entry | undefined {
    return this.#entries[0];
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
  }

  /** To be called after `dueAtMs` changed. */
  moved(entry: Entry): void {
    this.#rise(entry, entry.place);
    this.#sink(entry, entry.place);
  }

  remove(entry: Entry): void {
    const last = this.#entries.pop() as Entry;
    if (last !== entry) {
      this.#put(last, entry.place);
      this.moved(last);
    }
    entry.place = -1;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #put(entry: Entry, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }

  #rise(entry: Entry, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#entries[above] as Entry;
      if (parent.dueAtMs <= entry.dueAtMs) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(entry, place);
  }

  #sink(entry: Entry, from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const leftChild = this.#entries[left];
      if (!leftChild) break;
      const rightChild = this.#entries[left + 1];
      const rightIsFirst = rightChild !== undefined && rightChild.dueAtMs < leftChild.dueAtMs;
      const child = rightIsFirst ? rightChild : leftChild;
      if (entry.dueAtMs <= child.dueAtMs) break;
      this.#put(child, place);
      place = rightIsFirst ? left + 1 : left;
    }
    this.#put(entry, place);
  }
}
