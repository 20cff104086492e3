import type { Patience } from './patience.ts';
import type { Clock } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';

const LOOK_EVERY_MS = 5_000;

export interface LogWatch extends Disposable {
  /** Rejects once the log has not answered for as long as patience lasts; else it stays open. */
  readonly lost: Promise<never>;
}

/** A subscription waits for as long as its log is away; so whoever leads on one asks beside it whether the log answers. Disposing ends that. */
export const watchLog = (
  { store, clock }: { readonly store: Pick<EventStore, 'lastPosition'>; readonly clock: Clock },
  patience: Patience,
): LogWatch => {
  const over = new AbortController();
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {}); // nobody may be waiting any more
  const look = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        await store.lastPosition();
      } catch (error) {
        if (!over.signal.aborted && patience.isLost()) return reject(error instanceof Error ? error : new Error(String(error)));
      }
      await clock.sleep(LOOK_EVERY_MS, over.signal);
    }
  };
  void look();
  return { lost, [Symbol.dispose]: () => over.abort() };
};
