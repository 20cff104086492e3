import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { LogCursors } from '../log-cursor.ts';
import type { QueryContext } from '../queries/query-context.ts';
import type { Site } from './site.ts';

/** What queries need, over a site; nobody waits for anything unless `settled` says so. */
export const contextOf = (site: Site, overrides: Partial<QueryContext> = {}): QueryContext => ({
  ...site.ports,
  runtime: { settled: () => Promise.resolve(undefined as unknown as Folded) },
  cursors: new LogCursors(site.store.logId),
  feed: site.feed,
  openBreakers: () => Promise.resolve(new Map()),
  maxWaitMs: 30_000,
  heartbeatMs: 15_000,
  streamQueue: 100,
  ...overrides,
});
