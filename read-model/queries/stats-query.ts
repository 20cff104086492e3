import { type HubStats, hubStats } from '@sagahub/contracts/api/operations-views.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { LogCursors } from '../log-cursor.ts';
import { readProjectionRecord } from '../projection-record.ts';

/** Counts of orders as of one position, from the record that is written with the documents. */
export const readStats = async (documents: DocumentStore, cursors: LogCursors): Promise<HubStats> => {
  const record = await readProjectionRecord('orders', documents);
  const count = (counter: string): number => record?.counts[counter] ?? 0;
  const ended = { completed: count('status:completed'), rejected: count('status:rejected'), cancelled: count('status:cancelled') };
  const stuck = count('status:stuck');
  const accepted = count('accepted');
  const inFlight = accepted - ended.completed - ended.rejected - ended.cancelled - stuck;
  return { position: cursors.encode(BigInt(record?.position ?? 0)), accepted, ...ended, stuck, inFlight };
};

/** `GET /stats` on the management port. */
export const statsQuery = (documents: DocumentStore, cursors: LogCursors): Route => ({
  method: 'GET',
  path: '/stats',
  scopes: [],
  handle: async () => ({ status: 200, headers: { 'cache-control': 'no-store' }, body: await readStats(documents, cursors) }),
  operation: {
    operationId: 'readStats',
    summary: 'Orders by what became of them',
    description: 'Exact as of `position`, and adding up: accepted = completed + rejected + cancelled + stuck + inFlight.',
    tag: 'Management',
    responses: { 200: { description: 'Counts', schema: hubStats } },
  },
});
