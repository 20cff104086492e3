import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import { z } from 'zod';
import { BAD_QUERY, GONE, NDJSON } from './answers.ts';
import { exportLog } from './export-log.ts';
import { moment, type QueryOf, readQuery, wholeNumber } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';

const QUERY = {
  after: { description: '`position` of the last event you have; go on behind it.', schema: z.string().max(200).optional() },
  stream: { description: 'Events of this stream alone, e.g. `order-<id>`.', schema: z.string().max(300).optional() },
  type: { description: 'Events of these types alone, separated by commas.', schema: z.string().max(1_000).optional() },
  from: { description: 'Recorded at or after this time.', schema: moment.optional() },
  to: { description: 'Recorded before this time.', schema: moment.optional() },
  limit: { description: 'At most so many events.', schema: wholeNumber(1, 1e12).optional() },
  follow: {
    description: '`true`: stay connected and send what comes.',
    schema: z
      .enum(['true', 'false'], 'must be true or false')
      .default('false')
      .transform((text) => text === 'true'),
  },
};
export type EventsQuery = QueryOf<typeof QUERY>;

/** One line: the event as stored, its place and its hash before it. */
const logLine = z
  .looseObject({
    position: z.string().describe('opaque; `after` of the next request'),
    stream: z.string(),
    revision: z.int(),
    hash: z.string().describe("SHA-256, hex: previous hash of the stream and this event's bytes"),
    personal: z
      .looseObject({})
      .optional()
      .describe('opened personal data, with the scope `audit:personal`; `{"erased": true}` when the key is gone'),
    time: z.iso.datetime(),
    id: z.uuid(),
    type: z.string(),
    data: z.looseObject({}),
    private: z.looseObject({}).optional().describe('sealed personal data'),
    metadata: z.looseObject({}),
  })
  .meta({ id: 'LogLine' });

/** `GET /api/v1/events`: the log itself, one event a line, in its own order. */
export const eventsQuery = (context: QueryContext): Route => ({
  method: 'GET',
  path: '/api/v1/events',
  scopes: ['audit:read'],
  handle: (request) => answer(context, request),
  operation: {
    operationId: 'readEvents',
    summary: 'Read the event log',
    description:
      'NDJSON, as fast as it is read. The bytes that were hashed can be cut out of each line, so that `sagahub audit verify` works on a saved answer too.',
    tag: 'Audit',
    query: QUERY,
    responses: {
      200: { description: 'One event a line', schema: logLine, mediaType: NDJSON },
      400: BAD_QUERY,
      410: GONE,
    },
  },
});

const answer = (context: QueryContext, request: ApiRequest): Promise<ApiResponse> => {
  const query = readQuery(request, QUERY);
  const after = query.after === undefined ? LOG_START : context.cursors.decode(query.after, { parameter: 'after' });
  const openPersonal = principalOf(request).scopes.has('audit:personal');
  const headers = { 'content-type': `${NDJSON}; charset=utf-8`, 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  return Promise.resolve({ status: 200, headers, body: exportLog(context, query, after, { openPersonal, signal: request.signal }) });
};
