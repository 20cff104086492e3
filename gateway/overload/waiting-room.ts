/** One who waits, of a partner. */
export interface Waiter {
  readonly partnerId: string;
  readonly sinceMs: number;
}

/**
 * Those who wait for a place, by partner. The next one is the oldest of the partner whose turn was longest ago, so that whoever sends
 * little hardly waits; who is to give way when the room is full is the newest of the partner with most in it.
 */
export class WaitingRoom<Who extends Waiter> {
  /** In the order of turns: the first is the next. */
  readonly #lines = new Map<string, Who[]>();
  /** When each partner had its last turn, in turns, for as long as it is about. */
  readonly #lastTurn = new Map<string, number>();
  #turn = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  waitingOf(partnerId: string): number {
    return this.#lines.get(partnerId)?.length ?? 0;
  }

  add(who: Who): void {
    const line = this.#lines.get(who.partnerId);
    if (line) line.push(who);
    else this.#lines.set(who.partnerId, [who]);
    this.#size += 1;
  }

  /** @param mayNot partners whose turn it is not yet */
  next(mayNot: (partnerId: string) => boolean = nobody): Who | undefined {
    let first: string | undefined;
    let longestAgo = Infinity;
    for (const partnerId of this.#lines.keys()) {
      const turn = this.#lastTurn.get(partnerId) ?? -1;
      if (turn >= longestAgo || mayNot(partnerId)) continue;
      longestAgo = turn;
      first = partnerId;
    }
    return first === undefined ? undefined : this.#take(first, 'oldest');
  }

  /** A turn that nobody had to wait for. */
  hadTurn(partnerId: string): void {
    this.#lastTurn.set(partnerId, this.#turn++);
  }

  /** The partner has nothing in hand any more: its next one goes first. */
  forget(partnerId: string): void {
    if (!this.#lines.has(partnerId)) this.#lastTurn.delete(partnerId);
  }

  /** The partner with most who wait; the latest of several. */
  fullest(): string | undefined {
    let found: string | undefined;
    let most = 0;
    for (const [partnerId, line] of this.#lines)
      if (line.length >= most) {
        most = line.length;
        found = partnerId;
      }
    return found;
  }

  removeNewestOf(partnerId: string): Who | undefined {
    return this.#take(partnerId, 'newest');
  }

  /** Of those who wait. */
  partners(): Iterable<string> {
    return this.#lines.keys();
  }

  /** Those who came before then leave; oldest first within each partner. @param of the partners that they are of. Default: all */
  removeBefore(thenMs: number, of: (partnerId: string) => boolean = everybody): Who[] {
    const left: Who[] = [];
    for (const [partnerId, line] of this.#lines)
      while (line[0] && line[0].sinceMs < thenMs && of(partnerId)) {
        const gone = this.#take(partnerId, 'oldest');
        if (gone) left.push(gone);
      }
    return left;
  }

  /** The newest leave of every line that is longer than `most` and whose oldest came before then. */
  removeBeyond(most: number, thenMs: number): Who[] {
    const left: Who[] = [];
    for (const [partnerId, line] of this.#lines)
      while (line.length > most && line[0] && line[0].sinceMs < thenMs) {
        const gone = this.#take(partnerId, 'newest');
        if (gone) left.push(gone);
      }
    return left;
  }

  #take(partnerId: string, which: 'oldest' | 'newest'): Who | undefined {
    const line = this.#lines.get(partnerId);
    const taken = which === 'oldest' ? line?.shift() : line?.pop();
    if (line?.length === 0) this.#lines.delete(partnerId);
    if (taken) this.#size -= 1;
    return taken;
  }
}

const nobody = (): boolean => false;
const everybody = (): boolean => true;
