import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import type { DocumentFilter } from '@sagahub/contracts/ports/document-store.ts';
import { z } from 'zod';
import { asksFor, BAD_QUERY, EVENT_STREAM, GONE } from './answers.ts';
import { type FlowView, idOf, type ObjectDocument } from './flow-view.ts';
import { bindingOf, decodePage, encodePage } from './page-cursor.ts';
import { summaryOf } from './object-view.ts';
import { objectsStream, STREAM_HEADERS, STREAM_QUERY } from './objects-stream.ts';
import { moment, pageParameters, type QueryOf, readQuery, words } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';

/** The filter by the partner's own name is called as that is. */
const filtersOf = (view: FlowView) => ({
  status: { description: `One or more of ${view.statuses.join(', ')}, separated by commas.`, schema: words(view.statuses).optional() },
  [view.fields.number]: { description: `Exactly this ${view.words.number}.`, schema: z.string().max(255).optional() },
  receivedFrom: { description: 'Received at or after this time.', schema: moment.optional() },
  receivedTo: { description: 'Received before this time.', schema: moment.optional() },
  ...pageParameters(200),
});
const adminFiltersOf = (view: FlowView) => ({
  ...filtersOf(view),
  partnerId: { description: `${view.words.operations} of this partner alone.`, schema: z.string().max(255).optional() },
});
type Filters = Pick<QueryOf<ReturnType<typeof filtersOf>>, 'status' | 'receivedFrom' | 'receivedTo' | 'limit' | 'cursor'>;

/** `GET /api/v1/orders` and its like: the caller's own, newest first; as an event stream, its changes. */
export const objectsQuery = (view: FlowView, context: QueryContext): Route => {
  const filters = filtersOf(view);
  const { many, operations, tag } = view.words;
  return {
    method: 'GET',
    path: view.path,
    scopes: [view.scope],
    handle: async (request) => {
      const { partnerId } = principalOf(request);
      if (asksFor(request.headers['accept'], EVENT_STREAM)) return objectsStream(view, context, request, partnerId);
      return pageAnswer(request, await readPage(view, context, readQuery(request, filters), partnerId));
    },
    operation: {
      operationId: `list${operations}`,
      summary: `List your ${many}, newest first`,
      description: `Pages stay stable while ${many} come in. With \`Accept: text/event-stream\`: every change of your ${many} as it happens, resumable with \`Last-Event-ID\`.`,
      tag,
      query: { ...filters, ...STREAM_QUERY },
      headers: STREAM_HEADERS,
      responses: { 200: { description: 'One page', schema: view.schemas.page }, 400: BAD_QUERY, 410: GONE },
    },
  };
};

/** `GET /api/v1/admin/orders` and its like: all partners' objects. */
export const adminObjectsQuery = (view: FlowView, context: QueryContext): Route => {
  const filters = adminFiltersOf(view);
  const { many, operations } = view.words;
  return {
    method: 'GET',
    path: `/api/v1/admin/${many}`,
    scopes: ['admin'],
    handle: async (request) => {
      const query = readQuery(request, filters);
      return pageAnswer(request, await readPage(view, context, query, query.partnerId));
    },
    operation: {
      operationId: `listAll${operations}`,
      summary: `List the ${many} of all partners, newest first`,
      description: 'What needs somebody is found with `status=stuck`.',
      tag: 'Operations',
      query: filters,
      responses: { 200: { description: 'One page', schema: view.schemas.page }, 400: BAD_QUERY },
    },
  };
};

interface Page {
  readonly items: readonly object[];
  readonly next?: string;
}

const readPage = async (view: FlowView, context: QueryContext, query: Filters, partnerId: string | undefined): Promise<Page> => {
  const { status, receivedFrom, receivedTo, limit, cursor } = query;
  const named = (query as Readonly<Record<string, unknown>>)[view.fields.number] as string | undefined;
  const filter: DocumentFilter = {
    ...(partnerId !== undefined && { partnerId: { eq: partnerId } }),
    ...(status && { status: status.length === 1 && status[0] ? { eq: status[0] } : { in: status } }),
    ...(named !== undefined && { [view.fields.number]: { eq: named } }),
    ...((receivedFrom ?? receivedTo) !== undefined && {
      receivedAt: { ...(receivedFrom && { gte: receivedFrom }), ...(receivedTo && { lt: receivedTo }) },
    }),
  };
  const binding = bindingOf(context.store.logId, filter);
  const found = await context.documents.find(view.fold.collection, {
    filter,
    sort: { field: 'receivedAt', direction: 'desc' },
    ...(cursor !== undefined && { after: decodePage(binding, cursor) }),
    limit: limit + 1,
  });
  const breakers = await context.openBreakers();
  const documents = found.slice(0, limit).map(({ body }) => body as unknown as ObjectDocument);
  const last = documents.at(-1);
  return {
    items: documents.map((document) => summaryOf(view, document, breakers, context.clock.now())),
    ...(found.length > limit && last && { next: encodePage(binding, { value: last.receivedAt, id: idOf(view, last) }) }),
  };
};

const pageAnswer = (request: ApiRequest, page: Page): ApiResponse => ({
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
