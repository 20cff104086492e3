import type { TimelineEntry } from '@sagahub/contracts/api/object-views.ts';
import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { readersOf, requireReadable } from './access.ts';
import { asksFor, BAD_QUERY, EVENT_STREAM, GONE, notFoundOf } from './answers.ts';
import { eventStream, resumePosition } from './event-stream.ts';
import { type FlowView, namesOf } from './flow-view.ts';
import { foldObject, ObjectReader } from './object-reader.ts';
import { webhookEntries, webhooksOf } from './object-webhooks.ts';
import { STREAM_HEADERS, STREAM_QUERY } from './objects-stream.ts';
import { readQuery } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';
import { TimelineWriter } from './timeline-entry.ts';

/** `GET /api/v1/orders/{orderId}/timeline` and its like: everything that happened to an object, in words; as an event stream, while it happens. */
export const timelineQuery = (view: FlowView, context: QueryContext): Route => {
  const { words } = view;
  return {
    method: 'GET',
    path: `${view.path}/:${view.fields.id}/timeline`,
    scopes: readersOf(view),
    handle: (request) => answer(view, context, request),
    operation: {
      operationId: `get${words.operation}Timeline`,
      summary: `What happened to ${words.aOne}, step by step`,
      description:
        `${words.timeline} With \`Accept: text/event-stream\`: the ${words.one}’s own events from the beginning and then as ` +
        'they happen, resumable with `Last-Event-ID`.',
      tag: words.tag,
      query: STREAM_QUERY,
      headers: STREAM_HEADERS,
      responses: {
        200: { description: 'The timeline, oldest entry first', schema: view.schemas.timeline },
        400: BAD_QUERY,
        404: notFoundOf(words.one),
        410: GONE,
      },
    },
  };
};

const answer = async (view: FlowView, context: QueryContext, request: ApiRequest): Promise<ApiResponse> => {
  const id = request.params[view.fields.id] ?? '';
  const reader = new ObjectReader(view, context);
  const events = await reader.events(id);
  requireReadable(view, principalOf(request), events[0].metadata.partnerId ?? '', id);
  readQuery(request, STREAM_QUERY);
  if (asksFor(request.headers['accept'], EVENT_STREAM)) return timelineStream(view, context, request, reader.streamOf(id));
  const document = foldObject(view.fold, events, undefined)?.document;
  const writer = new TimelineWriter(view, context.cursors);
  const body = {
    ...(document && { ...namesOf(view, document), status: document.status }),
    entries: inOrder([...events.map((event) => writer.entry(event)), ...(await toldOf(context, id))]),
  };
  return { status: 200, headers: { 'cache-control': 'private, no-cache' }, body };
};

/** What subscribers were told. */
const toldOf = async (context: QueryContext, id: string): Promise<readonly TimelineEntry[]> => {
  const { streams = [] } = (await webhooksOf(context, id)) ?? {};
  const told = await Promise.all(streams.map(async (stream) => webhookEntries(await context.store.readStream(stream), context.cursors)));
  return told.flat();
};

/** Streams are in order by themselves; beside each other, time tells. */
const inOrder = (entries: readonly TimelineEntry[]): TimelineEntry[] =>
  entries.toSorted((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0));

const timelineStream = (view: FlowView, context: QueryContext, request: ApiRequest, stream: string): ApiResponse => {
  const after = resumePosition(context, request) ?? 0n;
  const writer = new TimelineWriter(view, context.cursors);
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
