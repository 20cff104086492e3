/**
 * How many places one partner may have while others are about: so many that the process keeps time for them. What was let in is worked on by the same
 * processor afterwards, so a limit that keeps requests fast does not keep the others fast.
 *
 * | every 50 ms                                       | places                                     |
 * |---------------------------------------------------|--------------------------------------------|
 * | the process was busy for more than its share       | × 0.7, a tenth of one at least             |
 * | it was not, and somebody wanted more places         | one more; where there is less than one, × 1.2 |
 * | nobody has wanted more for a second                | two, to begin with                         |
 *
 * Additive increase and multiplicative decrease, as of TCP's congestion control (RFC 5681), slow start included. A part of a place is one for that part
 * of the time: who had it rests afterwards. Time is handed in, milliseconds from any start.
 */
export class Courtesy {
  readonly #busyShare: () => number;
  #places = FIRST;
  #most = FIRST;
  #lookedAtMs = -Infinity;
  #wantedAtMs = -Infinity;

  /** @param busyShare of the time since it was asked last in which the process had something to do, 0 to 1 */
  constructor(busyShare: () => number) {
    this.#busyShare = busyShare;
  }

  /** One at least. */
  places(nowMs: number): number {
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look(nowMs);
    return Math.max(1, Math.floor(this.#places));
  }

  /** How long whoever had a place for `heldMs` is to rest: what took long because an engine was away is no reason to rest for long. */
  restMs(heldMs: number): number {
    return this.#places < 1 ? Math.min(LONGEST_REST_MS, heldMs * (1 / this.#places - 1)) : 0;
  }

  /** Somebody would have had one more. @param most that anybody may have, whatever time there is */
  wanted(most: number, nowMs: number): void {
    this.#most = Math.max(FIRST, most);
    this.#wantedAtMs = nowMs;
  }

  #look(nowMs: number): void {
    const isBusy = this.#busyShare() > BUSY;
    if (nowMs - this.#wantedAtMs > FORGET_AFTER_MS) this.#places = FIRST;
    else if (isBusy) this.#places = Math.max(LEAST, this.#places * LESS);
    else if (this.#wantedAtMs >= this.#lookedAtMs)
      this.#places = Math.min(this.#most, this.#places < 1 ? this.#places * MORE : this.#places + 1);
    this.#lookedAtMs = nowMs;
  }
}

const FIRST = 2;
/** Some twenty orders a second, where one takes 5 ms. */
const LEAST = 0.1;
const LOOK_EVERY_MS = 50;
/** Work comes in bursts: above it the others' p99 is soon several times what it is alone. */
const BUSY = 0.6;
const LESS = 0.7;
const MORE = 1.2;
const LONGEST_REST_MS = 250;
const FORGET_AFTER_MS = 1_000;
