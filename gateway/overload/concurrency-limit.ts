/**
 * How many requests may be carried out at once: as many as leave each of them about as fast as it is when the hub is calm.
 *
 * | state   | when                                                        | the limit                                                    |
 * |---------|-------------------------------------------------------------|--------------------------------------------------------------|
 * | calm    | hardly anything is in flight                                 | stays; what a request takes now is the measure of all others |
 * | busy    | more is, and the limit is not reached                        | stays                                                        |
 * | full    | the limit is reached                                         | × how much slower than calm requests are, + its square root  |
 * | probing | full, and calm was too long ago to know what a request takes | `LEAST`, until enough have been measured                     |
 * | held back | something else lets fewer in                                | stays; nothing is learned                                     |
 *
 * The gradient algorithm of Envoy's adaptive concurrency filter, whose probing keeps a long overload from being taken for normal. Time is
 * handed in, milliseconds from any start.
 */
export class ConcurrencyLimit {
  readonly #most: number;
  readonly #tolerance: number;
  #limit: number;
  /** What a request takes when it has the hub for itself. */
  #calmMs: number | undefined;
  #calmKnownAtMs = 0;
  #recentMs: number | undefined;
  #probe: Probe | undefined;
  #window: number[] = [];
  #windowStartMs: number | undefined;
  #mostInFlight = 0;
  #isHeldBack = false;

  /**
   * @param most never more than this
   * @param tolerance how much slower than calm is still good
   */
  constructor({ most, tolerance }: { readonly most: number; readonly tolerance: number }) {
    this.#most = most;
    this.#tolerance = tolerance;
    this.#limit = Math.min(FIRST, most);
  }

  get limit(): number {
    return Math.max(1, Math.floor(this.#probe ? Math.min(LEAST, this.#limit) : this.#limit));
  }

  /** Requests that are carried out within a millisecond at this limit, by Little's law. */
  get perMs(): number {
    return this.#limit / (this.#recentMs ?? UNKNOWN_MS);
  }

  /** @param inFlight with the one that begins */
  begun(inFlight: number, nowMs: number): void {
    if (inFlight > this.#mostInFlight) this.#mostInFlight = inFlight;
    // Nobody may have ended meanwhile whose time tells anything.
    if (this.#probe && nowMs - this.#probe.atMs >= LONGEST_PROBE_MS) this.#endProbe(this.#probe, nowMs);
  }

  /** More would be in flight if they might. */
  wanted(): void {
    this.#mostInFlight = Math.max(this.#mostInFlight, this.limit);
  }

  /**
   * @param tookMs how long it was in flight
   * @param isHeldBack fewer than the limit were let in, and not for want of requests: what these take tells how fast they are, and nothing of the limit
   */
  ended(tookMs: number, nowMs: number, isHeldBack = false): void {
    this.#isHeldBack ||= isHeldBack;
    if (this.#probe) return this.#probed(this.#probe, tookMs, nowMs);
    this.#windowStartMs ??= nowMs;
    if (this.#window.length < MOST_SAMPLES) this.#window.push(tookMs);
    if (nowMs - this.#windowStartMs >= WINDOW_MS && this.#window.length >= LEAST_SAMPLES) this.#look(nowMs);
  }

  #look(nowMs: number): void {
    const tookMs = medianOf(this.#window);
    const isCalm = this.#mostInFlight <= LEAST;
    const isFull = this.#mostInFlight >= this.limit;
    this.#recentMs = tookMs;
    if (this.#isHeldBack) return this.#startWindow();
    if (this.#calmMs === undefined) this.#learnCalm(tookMs, nowMs);
    else if (isCalm) this.#learnCalm(mixed(this.#calmMs, tookMs), nowMs);
    else if (tookMs < this.#calmMs) this.#calmMs = mixed(this.#calmMs, tookMs); // it was not as calm as it seemed
    if (isFull) this.#adapt(tookMs, this.#calmMs ?? tookMs, nowMs);
    this.#startWindow();
  }

  #adapt(tookMs: number, calmMs: number, nowMs: number): void {
    const gradient = Math.min(1, Math.max(STEEPEST, (Math.max(calmMs, SHORTEST_MS) * this.#tolerance) / Math.max(tookMs, SHORTEST_MS)));
    const aim = this.#limit * gradient + Math.sqrt(this.#limit);
    this.#limit = Math.min(this.#most, Math.max(LEAST, (this.#limit + aim) / 2));
    if (nowMs - this.#calmKnownAtMs > PROBE_AFTER_MS) this.#probe = { atMs: nowMs, samples: [] };
  }

  /** Those that began before it took their time among others. */
  #probed({ atMs, samples }: Probe, tookMs: number, nowMs: number): void {
    if (nowMs - tookMs >= atMs) samples.push(tookMs);
    if (samples.length >= PROBE_SAMPLES || nowMs - atMs >= LONGEST_PROBE_MS) this.#endProbe({ samples }, nowMs);
  }

  #endProbe({ samples }: Pick<Probe, 'samples'>, nowMs: number): void {
    if (samples.length >= LEAST_SAMPLES && !this.#isHeldBack) this.#learnCalm(medianOf(samples), nowMs);
    else this.#calmKnownAtMs = nowMs;
    this.#probe = undefined;
    this.#startWindow();
  }

  #learnCalm(calmMs: number, nowMs: number): void {
    this.#calmMs = calmMs;
    this.#calmKnownAtMs = nowMs;
  }

  #startWindow(): void {
    this.#window = [];
    this.#windowStartMs = undefined;
    this.#mostInFlight = 0;
    this.#isHeldBack = false;
  }
}

interface Probe {
  readonly atMs: number;
  readonly samples: number[];
}

/** Before anything was measured. */
const FIRST = 32;
const UNKNOWN_MS = 10;
/** Few enough not to slow each other, enough for a group commit to have something to group. */
const LEAST = 4;
const WINDOW_MS = 100;
const LEAST_SAMPLES = 10;
const MOST_SAMPLES = 500;
/** Of one window in what is known of calm: a pause of the garbage collector is not forgotten at once, and not believed either. */
const CALM_WEIGHT = 0.2;
const STEEPEST = 0.5;
/** No request takes less; one that took no time must not make the limit anything but a number. */
const SHORTEST_MS = 0.001;
/** A probe takes some 50 ms of full speed. */
const PROBE_AFTER_MS = 30_000;
const PROBE_SAMPLES = 30;
const LONGEST_PROBE_MS = 1_000;

const mixed = (known: number, seen: number): number => known + (seen - known) * CALM_WEIGHT;

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
