import { HEALTH_STATES, healthView, WAITS_FOR } from '@sagahub/contracts/api/order-views.ts';
import { decodeCursor, encodeCursor, pageParameters, type QueryOf, readQuery, words } from '@sagahub/contracts/api/parameters.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { duration } from '@sagahub/contracts/config.ts';
import { ORDER_STATUSES } from '@sagahub/contracts/messages/order.ts';
import { z } from 'zod';
import { BAD_QUERY } from './answers.ts';
import type { QueryContext } from './query-context.ts';
import { countWork, placeOf, type Work, workInFlight } from './work.ts';

const TAG = 'Operations';
const PATH = '/api/v1/admin/work';

const FILTERS = {
  state: {
    description: `One or more of ${HEALTH_STATES.join(', ')}, separated by commas; default: all but \`moving\`.`,
    schema: words(HEALTH_STATES).optional(),
  },
  cause: { description: 'As `…/summary` lists it.', schema: z.string().max(255).optional() },
  waitsFor: { description: `One or more of ${WAITS_FOR.join(', ')}.`, schema: words(WAITS_FOR).optional() },
  partnerId: { description: 'Orders of this partner alone.', schema: z.string().max(255).optional() },
  olderThan: { description: 'Waiting for longer than this, such as 15m or 2d.', schema: duration('0ms') },
};
const LIST_QUERY = { ...FILTERS, ...pageParameters(200) };
type Filters = QueryOf<typeof FILTERS>;

const workView = z
  .object({
    orderId: z.uuid(),
    orderNumber: z.string(),
    partnerId: z.string(),
    status: z.enum(ORDER_STATUSES),
    receivedAt: z.string(),
    health: healthView,
    links: z.object({ order: z.string(), deadLetter: z.string().optional() }),
  })
  .meta({ id: 'Work' });
const workPage = z
  .object({ items: z.array(workView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'WorkPage' });
const workSummary = z
  .object({
    items: z.array(
      z.object({
        state: z.enum(HEALTH_STATES),
        cause: z.string(),
        waitsFor: z.enum(WAITS_FOR),
        count: z.int(),
        oldestSince: z.string(),
        oldestAgeSeconds: z.number().describe('of the one that waits longest'),
        oldestOrderId: z.uuid(),
      }),
    ),
    complete: z.boolean().describe('false: more than 20,000 are in flight, and the first of them were counted'),
  })
  .meta({ id: 'WorkSummary' });

/** Orders looked at for one page: a filter that matches little must not keep a request busy. The page is then short and has a cursor. */
const LOOKED_AT_PER_PAGE = 5_000;
const COUNTED = 20_000;
const LIST = 'work';

/** Everything in flight with what it waits for: lists and counts for operators. */
export const workQueries = (context: QueryContext): readonly Route[] => [
  {
    method: 'GET',
    path: PATH,
    scopes: ['admin'],
    operation: {
      operationId: 'listWork',
      summary: 'Orders that wait, are overdue or stuck, with the reason; received first first',
      tag: TAG,
      query: LIST_QUERY,
      responses: { 200: { description: 'A page', schema: workPage }, 400: BAD_QUERY },
    },
    handle: async (request) => ({ status: 200, body: await readPage(context, readQuery(request, LIST_QUERY)) }),
  },
  {
    method: 'GET',
    path: `${PATH}/summary`,
    scopes: ['admin'],
    operation: {
      operationId: 'summariseWork',
      summary: 'Orders in flight counted by state and cause, with the age of the oldest',
      tag: TAG,
      responses: { 200: { description: 'Most frequent first', schema: workSummary } },
    },
    handle: async (request) => {
      readQuery(request, {});
      const nowMs = context.clock.now();
      const { counts, complete } = await countWork(workInFlight(context.documents, await context.openBreakers(), nowMs), COUNTED);
      const items = counts.map((count) => ({ ...count, oldestAgeSeconds: Math.max(0, (nowMs - Date.parse(count.oldestSince)) / 1_000) }));
      return { status: 200, body: { items, complete } };
    },
  },
];

const readPage = async (context: QueryContext, { limit, cursor, ...filters }: QueryOf<typeof LIST_QUERY>) => {
  const [value = '', id = ''] = cursor === undefined ? [] : decodeCursor(cursor, LIST, 2);
  const after = cursor === undefined ? undefined : { value, id };
  const nowMs = context.clock.now();
  const items: Work[] = [];
  let looked = 0;
  for await (const work of workInFlight(context.documents, await context.openBreakers(), nowMs, after)) {
    if (matches(filters, work, nowMs)) items.push(work);
    const { value: receivedAt, id: orderId } = placeOf(work);
    if (items.length === limit || ++looked === LOOKED_AT_PER_PAGE)
      return { items: items.map(viewOf), next: encodeCursor(LIST, receivedAt, orderId) };
  }
  return { items: items.map(viewOf) };
};

const matches = ({ state, cause, waitsFor, partnerId, olderThan }: Filters, { order, health }: Work, nowMs: number): boolean =>
  (state ? state.includes(health.state) : health.state !== 'moving') &&
  (cause === undefined || health.cause === cause) &&
  (waitsFor === undefined || waitsFor.includes(health.waitsFor)) &&
  (partnerId === undefined || order.partnerId === partnerId) &&
  nowMs - Date.parse(health.since) >= olderThan;

const viewOf = ({ order, health }: Work) => {
  const { orderId, orderNumber, partnerId, status, receivedAt } = order;
  const { deadLetterId } = health;
  const deadLetter = deadLetterId === undefined ? {} : { deadLetter: `/api/v1/admin/dead-letters/${deadLetterId}` };
  return { orderId, orderNumber, partnerId, status, receivedAt, health, links: { order: `/api/v1/orders/${orderId}`, ...deadLetter } };
};
