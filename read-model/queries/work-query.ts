import { HEALTH_STATES, healthView, WAITS_FOR } from '@sagahub/contracts/api/object-views.ts';
import { decodeCursor, encodeCursor, pageParameters, type QueryOf, readQuery, word, words } from '@sagahub/contracts/api/parameters.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { duration } from '@sagahub/contracts/config.ts';
import { ORDER } from '@sagahub/contracts/messages/order.ts';
import { z } from 'zod';
import { BAD_QUERY } from './answers.ts';
import { type FlowView, idOf, namesOf, numberOf } from './flow-view.ts';
import type { QueryContext } from './query-context.ts';
import { countWork, type Work, workInFlight } from './work.ts';

const TAG = 'Operations';
const PATH = '/api/v1/admin/work';

const filtersOf = (flows: readonly [string, ...string[]]) => ({
  flow: { description: `Objects of one flow alone: ${flows.join(', ')}.`, schema: word(flows).optional() },
  state: {
    description: `One or more of ${HEALTH_STATES.join(', ')}, separated by commas; default: all but \`moving\`.`,
    schema: words(HEALTH_STATES).optional(),
  },
  cause: {
    description: 'As `…/summary` lists it; of what is stuck, also without its origin as dead letters name it: `http-503`.',
    schema: z.string().max(255).optional(),
  },
  waitsFor: { description: `One or more of ${WAITS_FOR.join(', ')}.`, schema: words(WAITS_FOR).optional() },
  partnerId: { description: 'Objects of this partner alone.', schema: z.string().max(255).optional() },
  olderThan: { description: 'Waiting for longer than this, such as 15m or 2d.', schema: duration('0ms') },
});
const listQueryOf = (flows: readonly [string, ...string[]]) => ({ ...filtersOf(flows), ...pageParameters(200) });
type ListQuery = QueryOf<ReturnType<typeof listQueryOf>>;

const flow = z.string().describe('the kind of object: `order`, `payment`');

const workView = z
  .object({
    flow,
    objectId: z.uuid(),
    number: z.string().describe("the partner's own name of it"),
    orderId: z.uuid().optional().describe('of an order: its id'),
    orderNumber: z.string().optional().describe('of an order: its number'),
    partnerId: z.string(),
    status: z.string(),
    receivedAt: z.string(),
    health: healthView,
    links: z.object({ object: z.string(), order: z.string().optional(), deadLetter: z.string().optional() }),
  })
  .meta({ id: 'Work' });
const workPage = z
  .object({ items: z.array(workView), next: z.string().optional().describe('cursor of the next page; absent on the last one') })
  .meta({ id: 'WorkPage' });
const workSummary = z
  .object({
    items: z.array(
      z.object({
        flow,
        state: z.enum(HEALTH_STATES),
        cause: z.string(),
        waitsFor: z.enum(WAITS_FOR),
        count: z.int(),
        oldestSince: z.string(),
        oldestAgeSeconds: z.number().describe('of the one that waits longest'),
        oldestObjectId: z.uuid(),
        oldestOrderId: z.uuid().optional().describe('the same, of orders'),
      }),
    ),
    complete: z.boolean().describe('false: more than 20,000 are in flight, and the first of them were counted'),
  })
  .meta({ id: 'WorkSummary' });

/** Objects looked at for one page: a filter that matches little must not keep a request busy. The page is then short and has a cursor. */
const LOOKED_AT_PER_PAGE = 5_000;
const COUNTED = 20_000;
const LIST = 'work';

/** Everything in flight with what it waits for: lists and counts for operators. */
export const workQueries = (views: readonly [FlowView, ...FlowView[]], context: QueryContext): readonly Route[] => {
  const [first, ...others] = views.map(({ fold }) => fold.category);
  const listQuery = listQueryOf([first!, ...others]);
  return [
    {
      method: 'GET',
      path: PATH,
      scopes: ['admin'],
      operation: {
        operationId: 'listWork',
        summary: 'Orders, payments and their like that wait, are overdue or stuck, with the reason; received first first',
        tag: TAG,
        query: listQuery,
        responses: { 200: { description: 'A page', schema: workPage }, 400: BAD_QUERY },
      },
      handle: async (request) => ({ status: 200, body: await readPage(views, context, readQuery(request, listQuery)) }),
    },
    {
      method: 'GET',
      path: `${PATH}/summary`,
      scopes: ['admin'],
      operation: {
        operationId: 'summariseWork',
        summary: 'What is in flight counted by flow, state and cause, with the age of the oldest',
        tag: TAG,
        responses: { 200: { description: 'Most frequent first', schema: workSummary } },
      },
      handle: async (request) => {
        readQuery(request, {});
        const nowMs = context.clock.now();
        const work = workInFlight(views, context.documents, await context.openBreakers(), nowMs);
        const { counts, complete } = await countWork(work, COUNTED);
        const items = counts.map((count) => ({
          ...count,
          ...(count.flow === ORDER && { oldestOrderId: count.oldestObjectId }),
          oldestAgeSeconds: Math.max(0, (nowMs - Date.parse(count.oldestSince)) / 1_000),
        }));
        return { status: 200, body: { items, complete } };
      },
    },
  ];
};

const readPage = async (views: readonly FlowView[], context: QueryContext, { limit, cursor, ...filters }: ListQuery) => {
  const [value = '', id = ''] = cursor === undefined ? [] : decodeCursor(cursor, LIST, 2);
  const after = cursor === undefined ? undefined : { value, id };
  const nowMs = context.clock.now();
  const wanted = views.filter(({ fold }) => filters.flow === undefined || filters.flow === fold.category);
  const items: Work[] = [];
  let looked = 0;
  for await (const work of workInFlight(wanted, context.documents, await context.openBreakers(), nowMs, after)) {
    if (matches(filters, work, nowMs)) items.push(work);
    if (items.length === limit || ++looked === LOOKED_AT_PER_PAGE)
      return { items: items.map(viewOf), next: encodeCursor(LIST, work.value, work.id) };
  }
  return { items: items.map(viewOf) };
};

const matches = (
  { state, cause, waitsFor, partnerId, olderThan }: Omit<ListQuery, 'limit' | 'cursor'>,
  { document, health }: Work,
  nowMs: number,
): boolean =>
  (state ? state.includes(health.state) : health.state !== 'moving') &&
  (cause === undefined || health.cause === cause || (health.state === 'stuck' && health.cause.endsWith(`:${cause}`))) &&
  (waitsFor === undefined || waitsFor.includes(health.waitsFor)) &&
  (partnerId === undefined || document.partnerId === partnerId) &&
  nowMs - Date.parse(health.since) >= olderThan;

const viewOf = ({ view, document, health }: Work) => {
  const { partnerId, status, receivedAt } = document;
  const { deadLetterId } = health;
  const deadLetter = deadLetterId === undefined ? {} : { deadLetter: `/api/v1/admin/dead-letters/${deadLetterId}` };
  const isOrder = view.fold.category === ORDER;
  const object = `${view.path}/${idOf(view, document)}`;
  return {
    flow: view.fold.category,
    objectId: idOf(view, document),
    number: numberOf(view, document),
    // Orders were here first, under these names.
    ...(isOrder && namesOf(view, document)),
    partnerId,
    status,
    receivedAt,
    health,
    links: { object, ...(isOrder && { order: object }), ...deadLetter },
  };
};
