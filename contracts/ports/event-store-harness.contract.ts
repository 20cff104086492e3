import type { NewEvent } from '../events.ts';
import { newId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { type Append, type EventStore, LOG_START, NO_STREAM } from './event-store.ts';

export interface EventStoreHarness extends AsyncDisposable {
  /** A store on an empty log. */
  readonly store: EventStore;
  /** Closes the store (if it is open) and opens it again on the same log. */
  reopen(): Promise<EventStore>;
}
export type OpenHarness = () => Promise<EventStoreHarness>;

export const NOON = '2026-11-20T12:00:00.000Z';

export const event = (type = 'Noted', data: JsonObject = {}, time = NOON): NewEvent => ({
  id: newId(),
  type,
  data,
  metadata: { time, correlationId: 'flow-1', actor: 'test', schemaVersion: 1 },
});

/** An append of new events, as many as asked. */
export const appendOf = (stream: string, expectedRevision = NO_STREAM, count = 1): Append => ({
  stream,
  expectedRevision,
  events: Array.from({ length: count }, (_, index) => event('Noted', { stream, number: expectedRevision + 1 + index })),
});

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The whole log (but for what the log says about itself), read in pages. */
export const readLog = async (
  store: EventStore,
  options: { readonly after?: bigint; readonly limit?: number; readonly categories?: string[] } = {},
) => {
  const { after = LOG_START, limit = 500, categories } = options;
  const events = [];
  for (let from = after; ; ) {
    const page = await store.readAll({ after: from, limit, ...(categories && { categories }) });
    events.push(...page);
    if (page.length < limit) return events.filter(({ stream }) => stream !== 'hub');
    from = page.at(-1)?.position ?? from;
  }
};
