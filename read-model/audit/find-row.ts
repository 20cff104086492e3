import type { RawEvent } from '@sagahub/contracts/ports/event-store.ts';
import type { RawSource } from './raw-events.ts';

/** Reads the source from its beginning up to the first row that satisfies. */
export const findFirst = async (source: RawSource, satisfies: (event: RawEvent) => boolean): Promise<RawEvent | undefined> => {
  for await (const event of source()) if (satisfies(event)) return event;
  return undefined;
};
