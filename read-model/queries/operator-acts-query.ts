import { moment, pageParameters, readQuery, word } from '@sagahub/contracts/api/parameters.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { OPERATOR_ACTS, type OperatorAct } from '@sagahub/contracts/messages/operator.ts';
import type { DocumentFilter } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';
import { BAD_QUERY } from './answers.ts';
import { bindingOf, decodePage, encodePage } from './page-cursor.ts';
import type { QueryContext } from './query-context.ts';

const text = z.string().max(500).optional();
const FILTERS = {
  by: { description: 'Acts of this client, by its id.', schema: text },
  action: { description: 'Of this operation, e.g. `suspendPartner`.', schema: text },
  object: { description: 'On this object, e.g. `partners/acme`.', schema: text },
  outcome: { description: '`unknown`: cut off in the middle.', schema: word(['done', 'refused', 'unknown']).optional() },
  correlationId: { description: 'Of this business flow.', schema: text },
  from: { description: 'At or after this time.', schema: moment.optional() },
  to: { description: 'Before this time.', schema: moment.optional() },
  ...pageParameters(500),
};

const actView = z
  .object({
    actId: z.uuid(),
    at: z.iso.datetime(),
    by: z.string().describe('who: `client:<id>`'),
    partnerId: z.string().describe("the operator's own partner"),
    action: z.string().describe('the operation, as this description names it'),
    method: z.string(),
    path: z.string(),
    object: z.string().describe('what was acted on'),
    reason: z.string().optional().describe('why, as the operator said'),
    remoteAddress: z.string().describe('from where'),
    requestId: z.string(),
    correlationId: z.string().describe('the same in every event that the act led to'),
    outcome: z.enum(['done', 'refused', 'unknown']),
    code: z.string().optional().describe('of the refusal'),
    endedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'OperatorAct' });

/** `GET /api/v1/audit/operators`: who did what, when, why and from where. */
export const operatorActsQuery = ({ documents, store }: QueryContext): Route => ({
  method: 'GET',
  path: '/api/v1/audit/operators',
  scopes: ['audit:read'],
  handle: async (request) => {
    const { by, from, to, limit, cursor, ...exact } = readQuery(request, FILTERS);
    const filter: DocumentFilter = {
      ...(by !== undefined && { by: { eq: by.includes(':') ? by : `client:${by}` } }),
      ...Object.fromEntries(Object.entries(exact).flatMap(([name, value]) => (value === undefined ? [] : [[name, { eq: value }]]))),
      ...((from ?? to) !== undefined && { at: { ...(from && { gte: from }), ...(to && { lt: to }) } }),
    };
    const binding = bindingOf(store.logId, 'operators', filter);
    const found = await documents.find(OPERATOR_ACTS, {
      filter,
      sort: { field: 'at', direction: 'desc' },
      ...(cursor !== undefined && { after: decodePage(binding, cursor) }),
      limit: limit + 1,
    });
    const items = found.slice(0, limit).map(({ body }) => body as unknown as OperatorAct);
    const last = items.at(-1);
    const next = found.length > limit && last ? encodePage(binding, { value: last.at, id: last.actId }) : undefined;
    return { status: 200, headers: { 'cache-control': 'private, no-cache' }, body: { items, ...(next !== undefined && { next }) } };
  },
  operation: {
    operationId: 'listOperatorActs',
    summary: 'Who did what as an operator, when, why and from where, newest first',
    description:
      'Every request of an operator that may change something, recorded in the log before it is carried out. The events it led to have the same `correlationId`.',
    tag: 'Audit',
    query: FILTERS,
    responses: {
      200: {
        description: 'One page',
        schema: z.object({ items: z.array(actView), next: z.string().optional() }).meta({ id: 'OperatorActPage' }),
      },
      400: BAD_QUERY,
    },
  },
});
