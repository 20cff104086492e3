import { PREFER_WAIT_HEADER } from '@sagahub/contracts/api/headers.ts';
import { waitApplied, waitSecondsOf } from '@sagahub/contracts/api/prefer.ts';
import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { z } from 'zod';
import { mayOpenPersonal, readersOf, requireReadable } from './access.ts';
import { entityTag, isNotModified } from './entity-tag.ts';
import { notFoundOf, problem } from './answers.ts';
import type { FlowView, ObjectDocument, OpenBreakers, Personal, Shown } from './flow-view.ts';
import { ObjectReader } from './object-reader.ts';
import { shownOf, viewOf } from './object-view.ts';
import { type ObjectWebhooks, webhooksOf } from './object-webhooks.ts';
import { moment, type QueryOf, readQuery, wholeNumber } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';

const queryOf = ({ words }: FlowView) => ({
  at: { description: `The ${words.one} as it was at this time.`, schema: moment.optional() },
  revision: {
    description: `The ${words.one} as it was behind this event of its stream (0 = the first).`,
    schema: wholeNumber(0, 1e9).optional(),
  },
});

/** `GET /api/v1/orders/{orderId}` and its like: found as soon as it was accepted, and never behind the log. */
export const objectQuery = (view: FlowView, context: QueryContext): Route => {
  const { words } = view;
  const query = queryOf(view); // once: making a schema takes longer than all the rest of an answer
  return {
    method: 'GET',
    path: `${view.path}/:${view.fields.id}`,
    scopes: readersOf(view),
    handle: async (request) => answer(view, context, request, readQuery(request, query)),
    operation: {
      operationId: `get${words.operation}`,
      summary: `Read ${words.aOne}, as it is or as it was`,
      description: `Your own ${words.many}; \`admin\` and \`audit:read\` read all. The \`ETag\` changes with the answer: ask again with \`If-None-Match\`.`,
      tag: words.tag,
      query,
      headers: { ...PREFER_WAIT_HEADER, 'If-None-Match': { description: 'ETag of an earlier answer.', schema: z.string().optional() } },
      responses: {
        200: { description: `The ${words.one}`, schema: view.schemas.one },
        304: { description: 'Nothing has changed since that ETag' },
        400: problem('A parameter is unknown or of the wrong form'),
        404: notFoundOf(words.one),
      },
    },
  };
};

const answer = async (
  view: FlowView,
  context: QueryContext,
  request: ApiRequest,
  when: QueryOf<ReturnType<typeof queryOf>>,
): Promise<ApiResponse> => {
  const principal = principalOf(request);
  const reader = new ObjectReader(view, context);
  const id = request.params[view.fields.id] ?? '';
  const past = when.at !== undefined || when.revision !== undefined;
  let found = past ? await reader.readAsOf(id, when) : await reader.read(id);
  requireReadable(view, principal, found.document.partnerId, id);
  const wait = past ? undefined : waitSecondsOf(request.headers['prefer'], context.maxWaitMs / 1_000);
  if (wait !== undefined) {
    await context.runtime.settled(reader.streamOf(id), wait * 1_000, request.signal);
    found = await reader.read(id);
  }
  const { document } = found;
  const breakers: OpenBreakers = past ? new Map() : await context.openBreakers();
  const shown = shownOf(view, document, breakers, past ? Date.parse(document.updatedAt) : context.clock.now());
  const personal = await personalFor(view, context, principal, document, reader.streamOf(id));
  const webhooks = past ? undefined : await webhooksOf(context, id);
  const headers = {
    etag: entityTag(found.revision, variantOf(view, shown, personal, breakers, webhooks)),
    'cache-control': 'private, no-cache',
    vary: 'Authorization, Prefer',
    ...(wait !== undefined && waitApplied(wait)),
  };
  if (isNotModified(request.headers['if-none-match'], headers.etag)) return { status: 304, headers };
  return { status: 200, headers, body: viewOf(view, found, shown, personal, webhooks?.counts) };
};

const personalFor = async (
  view: FlowView,
  { keys }: QueryContext,
  principal: Principal,
  { personal, partnerId }: ObjectDocument,
  stream: string,
): Promise<Personal> => {
  if (!personal) return 'erased';
  if (!mayOpenPersonal(view, principal, partnerId)) return 'sealed';
  return (await open(keys, stream, personal)) ?? 'erased';
};

/** What the answer depends on beside the object's revision. */
const variantOf = (
  view: FlowView,
  { document, health }: Shown<ObjectDocument>,
  personal: Personal,
  breakers: OpenBreakers,
  webhooks: ObjectWebhooks | undefined,
): readonly string[] => {
  const breaker = breakers.get(view.connectorOf(document) ?? '');
  return [
    ...(webhooks ? [`delivery${webhooks.revision}`] : []),
    ...(typeof personal === 'string' ? [personal] : []),
    ...(health?.stalledSince === undefined ? [] : ['stalled']),
    ...(breaker ? [`open${Date.parse(breaker.since)}`, breaker.probeAt ?? ''] : []),
  ];
};
