import type { Clock } from '@sagahub/contracts/ports/clock.ts';

export interface Deadline extends Disposable {
  /** Aborts when the time is up, or with {@link CalledOff} as its reason. */
  readonly signal: AbortSignal;
}

/** The hub is stopping: what the call met says nothing about the third party. */
export class CalledOff extends Error {
  constructor() {
    super('the hub is stopping');
  }
}

/**
 * One time limit for many calls. All limits are equally long, so they fall due in the order they began and one sleeper serves them
 * all: 1,600 calls a second cost no timer each.
 */
export class Deadlines {
  readonly #limitMs: number;
  readonly #clock: Clock;
  /** In the order they fall due. */
  readonly #running = new Map<AbortController, number>();
  readonly #stopped = new AbortController();
  #watching = false;

  constructor(limitMs: number, clock: Clock) {
    this.#limitMs = limitMs;
    this.#clock = clock;
  }

  start(): Deadline {
    const controller = new AbortController();
    if (this.#stopped.signal.aborted) controller.abort(new CalledOff());
    this.#running.set(controller, this.#clock.now() + this.#limitMs);
    if (!this.#watching) void this.#watch();
    return { signal: controller.signal, [Symbol.dispose]: () => this.#running.delete(controller) };
  }

  /** Aborts what runs, and whatever is started from now on. */
  callOff(): void {
    this.#stopped.abort();
    for (const controller of this.#running.keys()) controller.abort(new CalledOff());
    this.#running.clear();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    for (;;) {
      const [earliest] = this.#running.entries();
      if (!earliest || this.#stopped.signal.aborted) break;
      const [controller, dueMs] = earliest;
      const leftMs = dueMs - this.#clock.now();
      if (leftMs > 0) {
        await this.#clock.sleep(leftMs, this.#stopped.signal);
        continue;
      }
      this.#running.delete(controller);
      controller.abort(new Error(`no answer within ${this.#limitMs} ms`));
    }
    this.#watching = false;
  }
}
