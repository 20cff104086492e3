import { type TimelineEntry, type TimelineView, timelineView } from '@sagahub/contracts/api/order-views.ts';
import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { type OrderReceived, orderStream } from '@sagahub/contracts/messages/order.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { ORDER_SCOPES, requireReadable } from './access.ts';
import { asksFor, BAD_QUERY, EVENT_STREAM, GONE, NOT_FOUND } from './answers.ts';
import { eventStream, resumePosition } from './event-stream.ts';
import { foldOrder } from './order-reader.ts';
import { webhookEntries, webhooksOf } from './order-webhooks.ts';
import { ORDERS_PATH } from './order-view.ts';
import { STREAM_HEADERS, STREAM_QUERY } from './orders-stream.ts';
import { readQuery } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';
import { TimelineWriter } from './timeline-entry.ts';

/** `GET /api/v1/orders/{orderId}/timeline`: everything that happened to an order, in words; as an event stream, while it happens. */
export const timelineQuery = (context: QueryContext): Route => ({
  method: 'GET',
  path: `${ORDERS_PATH}/:orderId/timeline`,
  scopes: ORDER_SCOPES,
  handle: (request) => answer(context, request),
  operation: {
    operationId: 'getOrderTimeline',
    summary: 'What happened to an order, step by step',
    description:
      'Intake, saga, every attempt at the ERP and at subscribers. With `Accept: text/event-stream`: the order’s own events from the beginning and then as ' +
      'they happen, resumable with `Last-Event-ID`.',
    tag: 'Orders',
    query: STREAM_QUERY,
    headers: STREAM_HEADERS,
    responses: {
      200: { description: 'The timeline, oldest entry first', schema: timelineView },
      400: BAD_QUERY,
      404: NOT_FOUND,
      410: GONE,
    },
  },
});

const answer = async (context: QueryContext, request: ApiRequest): Promise<ApiResponse> => {
  const orderId = request.params['orderId'] ?? '';
  const events = await context.orders.events(orderId);
  const [first] = events as unknown as readonly OrderReceived[];
  requireReadable(principalOf(request), first?.data.partnerId ?? '', orderId);
  readQuery(request, STREAM_QUERY);
  if (asksFor(request.headers['accept'], EVENT_STREAM)) return timelineStream(context, request, orderId);
  const folded = foldOrder(events, undefined);
  const writer = new TimelineWriter(context.cursors);
  const body: TimelineView = {
    orderId,
    orderNumber: first?.data.orderNumber ?? '',
    status: folded?.order.status ?? 'received',
    entries: inOrder([...events.map((event) => writer.entry(event)), ...(await toldOf(context, orderId))]),
  };
  return { status: 200, headers: { 'cache-control': 'private, no-cache' }, body };
};

/** What subscribers were told. */
const toldOf = async (context: QueryContext, orderId: string): Promise<readonly TimelineEntry[]> => {
  const { streams = [] } = (await webhooksOf(context, orderId)) ?? {};
  const told = await Promise.all(streams.map(async (stream) => webhookEntries(await context.store.readStream(stream), context.cursors)));
  return told.flat();
};

/** Streams are in order by themselves; beside each other, time tells. */
const inOrder = (entries: readonly TimelineEntry[]): TimelineEntry[] =>
  entries.toSorted((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0));

const timelineStream = (context: QueryContext, request: ApiRequest, orderId: string): ApiResponse => {
  const after = resumePosition(context, request) ?? 0n;
  const stream = orderStream(orderId);
  const writer = new TimelineWriter(context.cursors);
  return eventStream(context, request, {
    wants: (event) => event.stream === stream,
    missed: async function* (until): AsyncGenerator<RecordedEvent> {
      for (const event of await context.store.readStream(stream)) if (event.position <= until) yield event;
    },
    // Entries measure from earlier ones, so the writer sees them all, and the client those it has not seen.
    message: (event) => {
      const data = writer.entry(event);
      return Promise.resolve(event.position > after ? { name: 'timeline', data } : undefined);
    },
  });
};
