import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { auditReport, type AuditReport } from '@sagahub/contracts/api/operations-views.ts';
import { JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { z } from 'zod';
import type { LogCursors } from '../log-cursor.ts';
import type { Projector } from '../projector.ts';
import { ORDERS } from '../projections/order-document.ts';
import { problem } from '../queries/answers.ts';
import { longRoute } from '@sagahub/contracts/api/long-answer.ts';
import { moment } from '@sagahub/contracts/api/parameters.ts';
import { rawEventsOf } from './raw-events.ts';
import { replay, type ReplayComparison, type ReplayStep } from './replay.ts';
import { type Verification, verifyLog } from './verify.ts';

export interface AuditContext {
  readonly ports: Pick<Ports, 'store' | 'documents'>;
  readonly projectors: readonly Projector[];
  readonly cursors: LogCursors;
}

const replayBody = z
  .strictObject({
    orderId: z.uuid().optional().describe('only this order'),
    at: moment.optional().describe('only what had happened by then'),
  })
  .default({});

const replayLine = z.union([
  z.object({
    kind: z.literal('step'),
    position: z.string(),
    orderId: z.uuid(),
    revision: z.int(),
    at: z.string(),
    type: z.string(),
    changed: z.array(z.string()).describe('JSON pointers of the members that the event changed'),
    order: z.looseObject({}).describe('the order behind the event, personal data sealed'),
  }),
  z.object({
    kind: z.literal('comparison'),
    orderId: z.uuid(),
    revision: z.int(),
    verdict: z.enum(['same', 'differs', 'behind', 'missing']).describe('how the read model compares'),
    paths: z.array(z.string()),
  }),
]);

/** `/api/v1/admin/audit/…`: the history examines itself. */
export const auditRoutes = (context: AuditContext): readonly Route[] => [
  longRoute(
    {
      method: 'POST',
      path: '/api/v1/admin/audit/verify',
      scopes: ['admin', 'audit:read'],
      operation: {
        operationId: 'verifyLog',
        summary: 'Recompute the hash chain of every stream',
        description: 'Names the first event edited, removed or moved.',
        tag: 'Audit',
        responses: { 200: { description: 'Whether the log is intact', schema: auditReport } },
      },
    },
    (request) => verifyReports(context, request.signal),
  ),
  {
    method: 'POST',
    path: '/api/v1/admin/audit/replay',
    scopes: ['admin', 'audit:read'],
    body: { ...JSON_BODY, optional: true },
    handle: async (request) => {
      const { orderId, at } = parseOrFault(replayBody, request.body);
      const source = rawEventsOf(context.ports.store, orderId === undefined ? undefined : orderStream(orderId));
      const documentOf = (id: string) => context.ports.documents.get(ORDERS, id);
      const steps = replay(source, {
        ...(orderId !== undefined && { orderId }),
        // As of a past moment the read model knows nothing to compare with.
        ...(at === undefined ? { documentOf } : { at }),
        signal: request.signal,
      });
      return {
        status: 200,
        headers: { 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store' },
        body: asLines(context.cursors, steps),
      };
    },
    operation: {
      operationId: 'replayOrders',
      summary: 'Fold history step by step and compare it with the read model',
      tag: 'Audit',
      requestSchema: replayBody,
      requestExample: { orderId: '5f0c5e0c-7a3e-5b0c-9d0e-2f6a1b3c4d5e' },
      responses: {
        200: { description: 'One step or comparison a line', schema: replayLine, mediaType: 'application/x-ndjson' },
        422: problem('An invalid field'),
      },
    },
  },
];

async function* asLines(cursors: LogCursors, steps: AsyncIterable<ReplayStep | ReplayComparison>): AsyncGenerator<string> {
  for await (const line of steps) {
    const shown = line.kind === 'step' ? { ...line, position: cursors.encode(line.position) } : line;
    yield `${JSON.stringify(shown)}\n`;
  }
}

/** What the projections have seen must be there: this way the end of the log cannot be cut off unnoticed. */
async function* verifyReports({ ports: { store }, projectors, cursors }: AuditContext, signal: AbortSignal): AsyncGenerator<AuditReport> {
  const atLeast = projectors.map(({ checkpoint }) => checkpoint).reduce((highest, next) => (next > highest ? next : highest), 0n);
  const verification = verifyLog(rawEventsOf(store), { dense: store.densePositions, atLeast, signal });
  for await (const report of verification) yield auditReportOf(report, cursors);
}

/** A verification as the API and the command line show it. */
export const auditReportOf = ({ events, streams, head, finished, fault }: Verification, cursors: LogCursors): AuditReport => ({
  events,
  streams,
  finished,
  intact: fault === undefined,
  head: cursors.encode(head),
  ...(fault && { fault: { ...fault, position: cursors.encode(fault.position), ordinal: fault.position.toString() } }),
});
