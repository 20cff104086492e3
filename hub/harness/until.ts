import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks until the answer satisfies, and returns it; throws with the last answer when the time is up. For what another process does in
 * its own time: the test waits for the fact, not for a while. The limit only bounds a failing test; it is longer than what costs most time of
 * all, a step that a killed process had in hand, which is hinted again after its lease.
 *
 * It looks every 25 ms at first, and later after another tenth of the time that it has waited, half a second at most: what is waited for long comes no
 * sooner for being asked all the time, by which it is kept busy.
 */
export const until = async <T>(what: string, look: () => Promise<T>, satisfied: (answer: T) => boolean, limitMs = 90_000): Promise<T> => {
  const startedMs = performance.now();
  const waitedMs = (): number => performance.now() - startedMs;
  let last: T | undefined;
  let failure: unknown;
  do {
    try {
      last = await look();
      failure = undefined;
      if (satisfied(last)) return last;
    } catch (error) {
      failure = error;
    }
    await sleep(Math.min(500, Math.max(25, waitedMs() / 10)));
  } while (waitedMs() < limitMs);
  throw new Error(
    `${what} did not happen within ${limitMs} ms; last seen: ${failure instanceof Error ? failure.message : JSON.stringify(failure ?? last)}`,
  );
};
