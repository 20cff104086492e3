import type { Clock } from './ports/clock.ts';

/**
 * How long whoever leads goes on trying while its work fails, before it gives the lead up. An engine may be away for this process alone (its machine,
 * its network, its connection), and another one then does the work; an engine that is away for all passes the lead around, some seconds each time.
 */
export class Patience {
  readonly #clock: Pick<Clock, 'now'>;
  #failingSinceMs: number | undefined;
  #failedAtMs = -Infinity;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Something went well. */
  regain(): void {
    this.#failingSinceMs = undefined;
  }

  /** It failed, once more. @returns whether nothing has gone well for too long: then give the lead up */
  isLost(): boolean {
    const nowMs = this.#clock.now();
    // Where nothing happened since, nothing needed to go well.
    if (nowMs - this.#failedAtMs > LONGEST_TRY_MS) this.#failingSinceMs = undefined;
    this.#failedAtMs = nowMs;
    this.#failingSinceMs ??= nowMs;
    return nowMs - this.#failingSinceMs >= LASTS_MS;
  }
}

/** From the first failed try on. An engine that is restarted or elects a leader is usually back sooner. */
const LASTS_MS = 10_000;
/** An engine that is silent lets a call fail after up to 20 s. */
const LONGEST_TRY_MS = 30_000;
