import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks until the answer satisfies, and returns it; throws with the last answer when the time is up. For what another process does in
 * its own time: the test waits for the fact, not for a while. The limit only bounds a failing test; it is longer than what costs most time of
 * all, a step that a killed process had in hand, which is hinted again after its lease.
 */
export const until = async <T>(what: string, look: () => Promise<T>, satisfied: (answer: T) => boolean, limitMs = 90_000): Promise<T> => {
  const endMs = Date.now() + limitMs;
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
    await sleep(25);
  } while (Date.now() < endMs);
  throw new Error(
    `${what} did not happen within ${limitMs} ms; last seen: ${failure instanceof Error ? failure.message : JSON.stringify(failure ?? last)}`,
  );
};
