import type { Clock } from '../ports/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/**
 * Time that stands still until a test moves it.
 *
 * ```ts
 * const clock = manualClock();
 * const waited = retryAfterOneSecond(clock);
 * await clock.sleeping(1);      // it has come as far as its sleep
 * await clock.advance(1_000);   // it wakes, and everything it did without further waiting is done
 * ```
 */
export interface ManualClock extends Clock {
  /**
   * Moves time forward, waking sleepers in the order they are due, each at its own time: code that sleeps again within the
   * span is woken again. After every wake, callbacks that are ready (promises, I/O that has completed) run first.
   */
  advance(ms: number): Promise<void>;
  /** Resolves once at least `count` callers are asleep. */
  sleeping(count: number): Promise<void>;
  /** How many callers are asleep now. */
  readonly sleepers: number;
}

/** @param startMs milliseconds since 1970; the default is an unremarkable moment with every digit in use */
export const manualClock = (startMs = Date.UTC(2026, 10, 20, 10, 11, 12, 345)): ManualClock => {
  let nowMs = startMs;
  const asleep = new Set<Sleeper>();
  const watchers = new Set<{ readonly count: number; readonly resolve: () => void }>();

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted || ms <= 0) return resolve();
      const wake = () => {
        asleep.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { dueMs: nowMs + ms, wake };
      signal?.addEventListener('abort', wake);
      asleep.add(sleeper);
      for (const watcher of watchers) {
        if (asleep.size < watcher.count) continue;
        watchers.delete(watcher);
        watcher.resolve();
      }
    });

  const advance = async (ms: number): Promise<void> => {
    const untilMs = nowMs + ms;
    await settle();
    for (let next = earliest(asleep); next && next.dueMs <= untilMs; next = earliest(asleep)) {
      nowMs = Math.max(nowMs, next.dueMs);
      next.wake();
      await settle();
    }
    nowMs = Math.max(nowMs, untilMs);
  };

  return {
    now: () => nowMs,
    sleep,
    advance,
    sleeping: (count) =>
      new Promise((resolve) => {
        if (asleep.size >= count) resolve();
        else watchers.add({ count, resolve });
      }),
    get sleepers() {
      return asleep.size;
    },
  };
};

/** Of those due at the same time, the one that fell asleep first: a Set keeps that order. */
const earliest = (asleep: ReadonlySet<Sleeper>): Sleeper | undefined => {
  let first: Sleeper | undefined;
  for (const sleeper of asleep) if (!first || sleeper.dueMs < first.dueMs) first = sleeper;
  return first;
};

/** Two turns of the event loop: the second runs what the callbacks of the first made ready. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
