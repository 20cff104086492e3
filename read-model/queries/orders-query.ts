import { type OrderPage, orderPage } from '@sagahub/contracts/api/order-views.ts';
import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { ORDER_STATUSES } from '@sagahub/contracts/messages/order.ts';
import type { DocumentFilter } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';
import { type OrderDocument, ORDERS } from '../projections/order-document.ts';
import { asksFor, BAD_QUERY, EVENT_STREAM, GONE } from './answers.ts';
import { bindingOf, decodePage, encodePage } from './page-cursor.ts';
import { ORDERS_PATH, summaryOf } from './order-view.ts';
import { ordersStream, STREAM_HEADERS, STREAM_QUERY } from './orders-stream.ts';
import { moment, pageParameters, type QueryOf, readQuery, words } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';

const FILTERS = {
  status: { description: `One or more of ${ORDER_STATUSES.join(', ')}, separated by commas.`, schema: words(ORDER_STATUSES).optional() },
  orderNumber: { description: 'Exactly this order number.', schema: z.string().max(255).optional() },
  receivedFrom: { description: 'Received at or after this time.', schema: moment.optional() },
  receivedTo: { description: 'Received before this time.', schema: moment.optional() },
  ...pageParameters(200),
};
const ADMIN_FILTERS = {
  ...FILTERS,
  partnerId: { description: 'Orders of this partner alone.', schema: z.string().max(255).optional() },
};
type Filters = QueryOf<typeof FILTERS>;

/** `GET /api/v1/orders`: the caller's own orders, newest first; as an event stream, its changes. */
export const ordersQuery = (context: QueryContext): Route => ({
  method: 'GET',
  path: ORDERS_PATH,
  scopes: ['orders:read'],
  handle: async (request) => {
    const { partnerId } = principalOf(request);
    if (asksFor(request.headers['accept'], EVENT_STREAM)) return ordersStream(context, request, partnerId);
    const query = readQuery(request, FILTERS);
    return pageAnswer(request, await readPage(context, query, partnerId));
  },
  operation: {
    operationId: 'listOrders',
    summary: 'List your orders, newest first',
    description:
      'Pages stay stable while orders come in. With `Accept: text/event-stream`: every change of your orders as it happens, resumable with `Last-Event-ID`.',
    tag: 'Orders',
    query: { ...FILTERS, ...STREAM_QUERY },
    headers: STREAM_HEADERS,
    responses: { 200: { description: 'One page', schema: orderPage }, 400: BAD_QUERY, 410: GONE },
  },
});

/** `GET /api/v1/admin/orders`: all partners' orders. */
export const adminOrdersQuery = (context: QueryContext): Route => ({
  method: 'GET',
  path: '/api/v1/admin/orders',
  scopes: ['admin'],
  handle: async (request) => {
    const query = readQuery(request, ADMIN_FILTERS);
    return pageAnswer(request, await readPage(context, query, query.partnerId));
  },
  operation: {
    operationId: 'listAllOrders',
    summary: 'List the orders of all partners, newest first',
    description: 'What needs somebody is found with `status=stuck`.',
    tag: 'Operations',
    query: ADMIN_FILTERS,
    responses: { 200: { description: 'One page', schema: orderPage }, 400: BAD_QUERY },
  },
});

const readPage = async (context: QueryContext, query: Filters, partnerId: string | undefined): Promise<OrderPage> => {
  const { status, orderNumber, receivedFrom, receivedTo, limit, cursor } = query;
  const filter: DocumentFilter = {
    ...(partnerId !== undefined && { partnerId: { eq: partnerId } }),
    ...(status && { status: status.length === 1 && status[0] ? { eq: status[0] } : { in: status } }),
    ...(orderNumber !== undefined && { orderNumber: { eq: orderNumber } }),
    ...((receivedFrom ?? receivedTo) !== undefined && {
      receivedAt: { ...(receivedFrom && { gte: receivedFrom }), ...(receivedTo && { lt: receivedTo }) },
    }),
  };
  const binding = bindingOf(context.store.logId, filter);
  const found = await context.documents.find(ORDERS, {
    filter,
    sort: { field: 'receivedAt', direction: 'desc' },
    ...(cursor !== undefined && { after: decodePage(binding, cursor) }),
    limit: limit + 1,
  });
  const breakers = await context.openBreakers();
  const orders = found.slice(0, limit).map(({ body }) => body as unknown as OrderDocument);
  const last = orders.at(-1);
  return {
    items: orders.map((order) => summaryOf(order, breakers, context.clock.now())),
    ...(found.length > limit && last && { next: encodePage(binding, { value: last.receivedAt, id: last.orderId }) }),
  };
};

const pageAnswer = (request: ApiRequest, page: OrderPage): ApiResponse => ({
  status: 200,
  headers: { 'cache-control': 'private, no-cache', ...(page.next !== undefined && { link: nextLink(request.url, page.next) }) },
  body: page,
});

/** RFC 8288, relative to the request. */
const nextLink = (url: string, cursor: string): string => {
  const next = new URL(url, 'http://hub.invalid');
  next.searchParams.set('cursor', cursor);
  return `<${next.pathname}${next.search}>; rel="next"`;
};
