import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import type { RateVerdict } from '@sagahub/contracts/ports/rate-limiter.ts';

interface Window {
  endsAtMs: number;
  /** Requests of this window taken from the shared count by anybody, as of the last look. */
  taken: number;
  /** Of those, ours and not yet used. */
  inHand: number;
  refill: Promise<void> | undefined;
}

/** A share of the quota taken at once: 1 % at most is unused when a window ends, and one request in a hundred pays for the shared count. */
const SHARE = 100;
const MAX_WINDOWS = 50_000;

/**
 * A quota per key and fixed window, shared by all processes through the KeyValue store, which is asked for a share of the
 * quota at a time: the requests between two shares are counted here, in 0.1 µs and without a promise (rate-limiter-flexible over a store in
 * this very process: 1 µs; over Redis: a round trip each).
 *
 * Without the store each process counts for itself: limits loosen, nobody is refused because of it.
 */
export class Quota {
  readonly #policy: string;
  readonly #windowMs: number;
  readonly #store: KeyValue;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(policy: string, windowMs: number, store: KeyValue, clock: Clock) {
    this.#policy = policy;
    this.#windowMs = windowMs;
    this.#store = store;
    this.#clock = clock;
  }

  /** Counts one request. A promise only when a share has to be fetched. */
  take(key: string, quota: number): RateVerdict | Promise<RateVerdict> {
    const nowMs = this.#clock.now();
    const window = this.#windowOf(key, nowMs);
    if (window.inHand > 0) {
      window.inHand--;
      return this.#verdict(window, quota, nowMs, true);
    }
    if (window.taken >= quota) return this.#verdict(window, quota, nowMs, false);
    window.refill ??= this.#refill(key, window, quota);
    return window.refill.then(() => this.take(key, quota));
  }

  #windowOf(key: string, nowMs: number): Window {
    const known = this.#windows.get(key);
    if (known && known.endsAtMs > nowMs) return known;
    this.#windows.delete(key);
    if (this.#windows.size >= MAX_WINDOWS) this.#makeRoom(nowMs);
    const window: Window = { endsAtMs: nowMs + this.#windowMs, taken: 0, inHand: 0, refill: undefined };
    this.#windows.set(key, window);
    return window;
  }

  /** Windows stand in the order they began, which is the order they end. */
  #makeRoom(nowMs: number): void {
    for (const [key, window] of this.#windows) {
      if (window.endsAtMs > nowMs && this.#windows.size < MAX_WINDOWS) return;
      this.#windows.delete(key);
    }
  }

  async #refill(key: string, window: Window, quota: number): Promise<void> {
    const share = Math.max(1, Math.floor(quota / SHARE));
    try {
      const { value, expiresInMs } = await this.#store.increment(`quota:${this.#policy}:${key}`, share, this.#windowMs);
      window.taken = value;
      window.inHand = Math.max(0, share - Math.max(0, value - quota));
      window.endsAtMs = this.#clock.now() + expiresInMs;
    } catch {
      const granted = Math.min(share, quota - window.taken);
      window.taken += granted;
      window.inHand = granted;
    }
    window.refill = undefined;
  }

  #verdict(window: Window, quota: number, nowMs: number, allowed: boolean): RateVerdict {
    return {
      allowed,
      policy: this.#policy,
      quota,
      windowMs: this.#windowMs,
      remaining: Math.max(0, quota - window.taken) + window.inHand,
      resetMs: Math.max(0, window.endsAtMs - nowMs),
    };
  }
}
