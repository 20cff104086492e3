import type { Clock } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';

const LOOK_EVERY_MS = 5_000;
/** A log that is restarted, or elects a leader, is usually back sooner. */
const LOST_AFTER_MS = 10_000;

/** The log has not answered this process for so long that whoever leads on it should let others try. */
export class LogOutOfReachError extends Error {}

export interface LogWatch extends Disposable {
  /** Rejects with {@link LogOutOfReachError}; else it stays open. */
  readonly lost: Promise<never>;
}

/** A subscription waits for as long as its log is away; so whoever leads on one asks beside it whether the log answers. Disposing ends that. */
export const watchLog = ({ store, clock }: { readonly store: Pick<EventStore, 'lastPosition'>; readonly clock: Clock }): LogWatch => {
  const over = new AbortController();
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {}); // nobody may be waiting any more
  const look = async (): Promise<void> => {
    for (let answeredAtMs = clock.now(); !over.signal.aborted; ) {
      try {
        await store.lastPosition();
        answeredAtMs = clock.now();
      } catch (error) {
        if (clock.now() - answeredAtMs >= LOST_AFTER_MS)
          return reject(new LogOutOfReachError('the log has not answered for ten seconds', { cause: error }));
      }
      await clock.sleep(LOOK_EVERY_MS, over.signal);
    }
  };
  void look();
  return { lost, [Symbol.dispose]: () => over.abort() };
};
