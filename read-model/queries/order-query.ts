import { PREFER_WAIT_HEADER } from '@sagahub/contracts/api/headers.ts';
import { orderView } from '@sagahub/contracts/api/order-views.ts';
import { waitApplied, waitSecondsOf } from '@sagahub/contracts/api/prefer.ts';
import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { type OrderPersonalData, orderStream } from '@sagahub/contracts/messages/order.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { z } from 'zod';
import type { OrderDocument } from '../projections/order-document.ts';
import { mayOpenPersonal, ORDER_SCOPES, requireReadable } from './access.ts';
import { entityTag, isNotModified } from './entity-tag.ts';
import { NOT_FOUND, problem } from './answers.ts';
import { healthOf } from './health.ts';
import type { OrderAt } from './order-reader.ts';
import { type OrderWebhooks, webhooksOf } from './order-webhooks.ts';
import { type OpenBreakers, ORDERS_PATH, type Personal, viewOf } from './order-view.ts';
import { moment, readQuery, wholeNumber } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';

const QUERY = {
  at: { description: 'The order as it was at this time.', schema: moment.optional() },
  revision: { description: 'The order as it was behind this event of its stream (0 = the first).', schema: wholeNumber(0, 1e9).optional() },
};

/** `GET /api/v1/orders/{orderId}`: found as soon as it was accepted, and never behind the log. */
export const orderQuery = (context: QueryContext): Route => ({
  method: 'GET',
  path: `${ORDERS_PATH}/:orderId`,
  scopes: ORDER_SCOPES,
  handle: (request) => answer(context, request),
  operation: {
    operationId: 'getOrder',
    summary: 'Read an order, as it is or as it was',
    description: 'Your own orders; `admin` and `audit:read` read all. The `ETag` changes with the answer: ask again with `If-None-Match`.',
    tag: 'Orders',
    query: QUERY,
    headers: { ...PREFER_WAIT_HEADER, 'If-None-Match': { description: 'ETag of an earlier answer.', schema: z.string().optional() } },
    responses: {
      200: { description: 'The order', schema: orderView },
      304: { description: 'Nothing has changed since that ETag' },
      400: problem('A parameter is unknown or of the wrong form'),
      404: NOT_FOUND,
    },
  },
});

const answer = async (context: QueryContext, request: ApiRequest): Promise<ApiResponse> => {
  const principal = principalOf(request);
  const orderId = request.params['orderId'] ?? '';
  const when = readQuery(request, QUERY);
  const past = when.at !== undefined || when.revision !== undefined;
  let found = past ? await context.orders.readAsOf(orderId, when) : await context.orders.read(orderId);
  requireReadable(principal, found.order.partnerId, orderId);
  const wait = past ? undefined : waitSecondsOf(request.headers['prefer'], context.maxWaitMs / 1_000);
  if (wait !== undefined) {
    await context.runtime.settled(orderStream(orderId), wait * 1_000, request.signal);
    found = await context.orders.read(orderId);
  }
  const breakers: OpenBreakers = past ? new Map() : await context.openBreakers();
  const nowMs = past ? Date.parse(found.order.updatedAt) : context.clock.now();
  const personal = await personalFor(context, principal, found.order);
  const webhooks = past ? undefined : await webhooksOf(context, orderId);
  const headers = {
    etag: entityTag(found.revision, variantOf(found, personal, breakers, nowMs, webhooks)),
    'cache-control': 'private, no-cache',
    vary: 'Authorization, Prefer',
    ...(wait !== undefined && waitApplied(wait)),
  };
  if (isNotModified(request.headers['if-none-match'], headers.etag)) return { status: 304, headers };
  return { status: 200, headers, body: viewOf(found, personal, breakers, nowMs, webhooks?.counts) };
};

const personalFor = async ({ keys }: QueryContext, principal: Principal, order: OrderDocument): Promise<Personal> => {
  if (!order.personal) return 'erased';
  if (!mayOpenPersonal(principal, order.partnerId)) return 'sealed';
  const opened = await open(keys, orderStream(order.orderId), order.personal);
  return (opened as unknown as OrderPersonalData | undefined) ?? 'erased';
};

/** What the answer depends on beside the order's revision. */
const variantOf = (
  { order }: OrderAt,
  personal: Personal,
  breakers: OpenBreakers,
  nowMs: number,
  webhooks: OrderWebhooks | undefined,
): readonly string[] => {
  const breaker = order.waiting && order.erp && breakers.get(order.erp.connector);
  return [
    ...(webhooks ? [`delivery${webhooks.revision}`] : []),
    ...(typeof personal === 'string' ? [personal] : []),
    ...(healthOf(order, breakers, nowMs)?.stalledSince === undefined ? [] : ['stalled']),
    ...(breaker ? [`open${Date.parse(breaker.since)}`, breaker.probeAt ?? ''] : []),
  ];
};
