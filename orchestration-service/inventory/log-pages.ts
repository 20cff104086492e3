import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type EventStore, LOG_START } from '@sagahub/contracts/ports/event-store.ts';

const PAGE = 1_000;

/** The log of some categories from a position on to its present end, a page at a time. */
export const eachPage = async function* (
  store: EventStore,
  categories: readonly string[],
  after = LOG_START,
): AsyncGenerator<readonly RecordedEvent<string, any>[]> {
  for (;;) {
    const events = await store.readAll({ after, limit: PAGE, categories });
    if (events.length > 0) yield events;
    if (events.length < PAGE) return;
    after = events.at(-1)!.position;
  }
};
