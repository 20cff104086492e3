import { type HubStats, hubStats } from '@sagahub/contracts/api/operations-views.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { LogCursors } from '../log-cursor.ts';
import { ordersProjection, paymentsProjection } from '../projections/index.ts';
import type { Projection } from '../projections/projection.ts';
import { readProjectionRecord } from '../projection-record.ts';

const ORDER_ENDS = ['completed', 'rejected', 'cancelled'] as const;
const PAYMENT_ENDS = ['approved', 'declined', 'expired', 'cancelled', 'refunded'] as const;

/** Counts of a flow's objects as of one position, from the record that is written with the documents. */
const countsOf = async <End extends string>({ name }: Projection, ends: readonly End[], documents: DocumentStore, cursors: LogCursors) => {
  const record = await readProjectionRecord(name, documents);
  const count = (counter: string): number => record?.counts[counter] ?? 0;
  const ended = Object.fromEntries(ends.map((end) => [end, count(`status:${end}`)])) as Record<End, number>;
  const stuck = count('status:stuck');
  const accepted = count('accepted');
  const inFlight = accepted - stuck - ends.reduce((sum, end) => sum + ended[end], 0);
  return { position: cursors.encode(BigInt(record?.position ?? 0)), accepted, ...ended, stuck, inFlight };
};

export const readStats = async (documents: DocumentStore, cursors: LogCursors): Promise<HubStats> => ({
  ...(await countsOf(ordersProjection, ORDER_ENDS, documents, cursors)),
  payments: await countsOf(paymentsProjection, PAYMENT_ENDS, documents, cursors),
});

/** `GET /stats` on the management port. */
export const statsQuery = (documents: DocumentStore, cursors: LogCursors): Route => ({
  method: 'GET',
  path: '/stats',
  scopes: [],
  handle: async () => ({ status: 200, headers: { 'cache-control': 'no-store' }, body: await readStats(documents, cursors) }),
  operation: {
    operationId: 'readStats',
    summary: 'Orders, and payments, by what became of them',
    description:
      'Exact as of `position`, and adding up: accepted = completed + rejected + cancelled + stuck + inFlight; payments likewise.',
    tag: 'Management',
    responses: { 200: { description: 'Counts', schema: hubStats } },
  },
});
