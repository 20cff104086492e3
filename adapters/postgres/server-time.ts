import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Database } from './database.ts';

/** Oscillators differ by some seconds a day. */
const ASK_EVERY_MS = 10_000;

const TIME = { name: 'server-time', text: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8' };

export interface ServerTime extends AsyncDisposable {
  /** Milliseconds since 1970, as the server's clock has it now. */
  now(): number;
}

/**
 * The time of day at the server, which all processes have in common: due times and deadlines are written by one process and read by another,
 * and a computer whose clock is wrong, or is set, must not hold up or hurry what others wait for. Between two questions the process counts by
 * itself, with a clock that nobody can set.
 *
 * The answer is as old as it was under way, so it is known only to within that time; the former reading is kept as long as it agrees with that.
 * @param elapsedMs for tests: milliseconds since some moment, never set
 */
export const followServerTime = async (
  database: Pick<Database, 'rows'>,
  clock: Pick<Clock, 'sleep'>,
  elapsedMs: () => number = () => performance.now(),
): Promise<ServerTime> => {
  let aheadMs: number | undefined;
  const ask = async (): Promise<void> => {
    const askedMs = elapsedMs();
    const [row] = await database.rows<[number]>(TIME);
    const answeredMs = elapsedMs();
    const underWayMs = answeredMs - askedMs;
    const found = row![0] + underWayMs / 2 - answeredMs;
    if (aheadMs === undefined || Math.abs(found - aheadMs) > underWayMs) aheadMs = found;
  };
  await ask();
  const closing = new AbortController();
  const asking = (async () => {
    for (;;) {
      await clock.sleep(ASK_EVERY_MS, closing.signal);
      if (closing.signal.aborted) return;
      await ask().catch(() => undefined); // away: counted on meanwhile
    }
  })();
  return {
    now: () => Math.floor(elapsedMs() + aheadMs!),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await asking;
    },
  };
};
