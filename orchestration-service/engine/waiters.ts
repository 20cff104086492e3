import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';

/** How often a waiter looks for itself, in case another process moved the stream. */
const POLL_MS = 500;

/** Requests that wait for a stream to come to an end. Told at once of what this process appends, and looking now and then for the rest. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Cheap when nobody waits for the stream, which is nearly always. */
  notify(folded: Folded): void {
    if (this.#waiting.size === 0) return;
    for (const wakeUp of this.#waiting.get(folded.stream) ?? []) wakeUp();
  }

  /** Resolves with the first fold that satisfies, or with the last one read when the time is up or the signal aborts. */
  async wait(
    stream: string,
    load: () => Promise<Folded>,
    satisfied: (folded: Folded) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Folded> {
    const deadlineMs = this.#clock.now() + timeoutMs;
    for (;;) {
      const moved = this.#nextMove(stream);
      const folded = await load();
      const leftMs = deadlineMs - this.#clock.now();
      if (satisfied(folded) || leftMs <= 0 || signal.aborted) {
        moved.cancel();
        return folded;
      }
      const alarm = new AbortController();
      await Promise.race([moved.promise, this.#clock.sleep(Math.min(leftMs, POLL_MS), AbortSignal.any([signal, alarm.signal]))]);
      alarm.abort();
      moved.cancel();
    }
  }

  #nextMove(stream: string): { readonly promise: Promise<void>; readonly cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(stream) ?? new Set();
    waiting.add(resolve);
    this.#waiting.set(stream, waiting);
    const cancel = () => {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(stream);
    };
    return { promise, cancel };
  }
}
