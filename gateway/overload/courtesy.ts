/**
 * How many places one partner may have while others are about: so many that the process keeps time for them. What was let in is worked on by the same
 * processor afterwards, so a limit that keeps requests fast does not keep the others fast.
 *
 * | every 50 ms                                       | places             |
 * |---------------------------------------------------|--------------------|
 * | the process was busy for more than its share       | × 0.7, two at least |
 * | it was not, and somebody wanted more places         | one more            |
 * | nobody has wanted more for a second                | two, to begin with  |
 *
 * Additive increase and multiplicative decrease, as of TCP's congestion control (RFC 5681), slow start included. Time is handed in, milliseconds from
 * any start.
 */
export class Courtesy {
  readonly #busyShare: () => number;
  #places = FEWEST;
  #lookedAtMs = -Infinity;
  #wantedAtMs = -Infinity;

  /** @param busyShare of the time since it was asked last in which the process had something to do, 0 to 1 */
  constructor(busyShare: () => number) {
    this.#busyShare = busyShare;
  }

  places(nowMs: number): number {
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look(nowMs);
    return Math.floor(this.#places);
  }

  /** Somebody would have had one more. */
  wanted(nowMs: number): void {
    this.#wantedAtMs = nowMs;
  }

  #look(nowMs: number): void {
    const isBusy = this.#busyShare() > BUSY;
    if (nowMs - this.#wantedAtMs > FORGET_AFTER_MS) this.#places = FEWEST;
    else if (isBusy) this.#places = Math.max(FEWEST, this.#places * LESS);
    else if (this.#wantedAtMs >= this.#lookedAtMs) this.#places += 1;
    this.#lookedAtMs = nowMs;
  }
}

/** Enough for a few hundred orders a second. */
const FEWEST = 2;
const LOOK_EVERY_MS = 50;
/** Work comes in bursts: above it the others' p99 is soon several times what it is alone. */
const BUSY = 0.6;
const LESS = 0.7;
const FORGET_AFTER_MS = 1_000;
