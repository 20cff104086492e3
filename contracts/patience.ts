import type { Clock } from './ports/clock.ts';

/**
 * How long whoever leads goes on trying while its work fails, before it gives the lead up. An engine may be away for this process alone (its machine,
 * its network, its connection), and another one then does the work; an engine that is away for all passes the lead around, which costs nothing.
 */
export class Patience {
  readonly #clock: Pick<Clock, 'now'>;
  #failingSinceMs: number | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Something went well. */
  regain(): void {
    this.#failingSinceMs = undefined;
  }

  /** It failed, once more. @returns whether nothing has gone well for too long: then give the lead up */
  isLost(): boolean {
    this.#failingSinceMs ??= this.#clock.now();
    return this.#clock.now() - this.#failingSinceMs >= LASTS_MS;
  }
}

/** An engine that is restarted or elects a leader is usually back sooner. */
const LASTS_MS = 10_000;
