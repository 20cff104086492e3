import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { decodeCursor, encodeCursor, pageParameters, type QueryOf, readQuery, words } from '@sagahub/contracts/api/parameters.ts';
import { type ApiRequest, JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { REDRIVES, type RedriveDocument, type RedriveRequested, redriveStream } from '@sagahub/contracts/messages/redrive.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { act, operatorOf, readReason } from '../admin/acts.ts';
import { findLetter } from '../admin/dead-letter-list.ts';
import type { Job, RedriveState } from './state.ts';
import { documentView, ITEM_STATES, itemOfJob, itemPage, type ItemView, jobView, redriveBody, redrivePage, redriveView } from './views.ts';

const TAG = 'Redrives';
const PATH = '/api/v1/admin/redrives';
const REDRIVE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SCHEMA_VERSION = 1;

const LIST_QUERY = pageParameters(200);
const ITEM_QUERY = {
  outcome: {
    description: `One or more of ${ITEM_STATES.join(', ')}, separated by commas.`,
    schema: words(ITEM_STATES).optional(),
  },
  ...pageParameters(500),
};

type RedrivePorts = Pick<Ports, 'store' | 'documents' | 'clock'>;

/** Jobs that try many dead letters again. */
export const redriveRoutes = (ports: RedrivePorts, runtime: SagaRuntime): readonly Route[] => {
  const find = async (request: ApiRequest): Promise<Job> => {
    const id = request.params['redriveId'] ?? '';
    const { state } = REDRIVE_ID.test(id) ? await runtime.load<RedriveState>(redriveStream(id)) : { state: { status: 'none' } as const };
    if (state.status === 'none') throw new NotFoundError(`redrive ${id}`);
    return state;
  };
  const acting = (type: 'Pause' | 'Resume' | 'CancelRedrive') => async (request: ApiRequest) => {
    const reason = readReason(request);
    const { request: asked } = await find(request);
    const by = operatorOf(request);
    const { folded } = await runtime.execute(redriveStream(asked.redriveId), { type, by, reason }, { actor: by });
    return { status: 200, body: jobView(folded.state as Job) };
  };
  const acted = {
    200: { description: 'The redrive as it is now', schema: redriveView },
    404: { description: 'There is none' },
    409: { description: 'It is not in a state for that' },
  };
  return [
    {
      method: 'POST',
      path: PATH,
      scopes: ['admin'],
      body: JSON_BODY,
      operation: {
        operationId: 'startRedrive',
        summary: 'Try many dead letters again',
        description:
          'Starts a job over all open dead letters that fit the filter, or over those named. Its items are fixed before the first is sent; ' +
          'each is a new attempt on its object, and ends with an outcome that is read off the object. Begin with `dryRun`. ' +
          'At most 100,000 items, newest first; it goes on by itself after a restart.',
        tag: TAG,
        requestSchema: redriveBody,
        requestExample: { filter: { origin: 'erp', cause: 'http-503' }, dryRun: true, reason: 'the ERP was repaired' },
        responses: { 202: { description: 'Started; follow it by its link', schema: redriveView } },
      },
      handle: async (request) => {
        const body = parseOrFault(redriveBody, request.body);
        const redriveId = await start(ports, request, body);
        const { state } = await runtime.load<RedriveState>(redriveStream(redriveId));
        return { status: 202, headers: { location: `${PATH}/${redriveId}` }, body: jobView(state as Job) };
      },
    },
    {
      method: 'GET',
      path: PATH,
      scopes: ['admin'],
      operation: {
        operationId: 'listRedrives',
        summary: 'Redrives, newest first',
        tag: TAG,
        query: LIST_QUERY,
        responses: { 200: { description: 'A page', schema: redrivePage } },
      },
      handle: async (request) => ({ status: 200, body: await listRedrives(ports, readQuery(request, LIST_QUERY)) }),
    },
    {
      method: 'GET',
      path: `${PATH}/:redriveId`,
      scopes: ['admin'],
      operation: {
        operationId: 'getRedrive',
        summary: 'One redrive with its counts',
        tag: TAG,
        responses: { 200: { description: 'The redrive', schema: redriveView }, 404: { description: 'There is none' } },
      },
      handle: async (request) => ({ status: 200, body: jobView(await find(request)) }),
    },
    {
      method: 'GET',
      path: `${PATH}/:redriveId/items`,
      scopes: ['admin'],
      operation: {
        operationId: 'listRedriveItems',
        summary: 'What became of each item of a redrive',
        tag: TAG,
        query: ITEM_QUERY,
        responses: { 200: { description: 'A page, in the order they are sent', schema: itemPage }, 404: { description: 'There is none' } },
      },
      handle: async (request) => {
        const { cursor, ...query } = readQuery(request, ITEM_QUERY);
        const from = firstItem(request.params['redriveId'] ?? '', cursor);
        const job = await find(request);
        const page = itemsOf(job, { ...query, from });
        return { status: 200, body: job.request.dryRun ? { ...page, items: await withPayloads(ports, page.items) } : page };
      },
    },
    act(
      `${PATH}/:redriveId/pause`,
      { operationId: 'pauseRedrive', summary: 'Send no more items for now', tag: TAG, responses: acted },
      acting('Pause'),
    ),
    act(
      `${PATH}/:redriveId/resume`,
      { operationId: 'resumeRedrive', summary: 'Go on with a paused redrive', tag: TAG, responses: acted },
      acting('Resume'),
    ),
    act(
      `${PATH}/:redriveId/cancel`,
      {
        operationId: 'cancelRedrive',
        summary: 'Send nothing more',
        description: 'What was sent is followed to its outcome; every other item is skipped.',
        tag: TAG,
        responses: acted,
      },
      acting('CancelRedrive'),
    ),
  ];
};

type Asked = ReturnType<typeof redriveBody.parse>;

const start = async ({ store, clock }: RedrivePorts, request: ApiRequest, { filter, deadLetterIds, ...how }: Asked): Promise<string> => {
  const redriveId = newId();
  const by = operatorOf(request);
  const data: RedriveRequested['data'] = {
    redriveId,
    ...(filter && { filter: JSON.parse(JSON.stringify(filter)) }),
    ...(deadLetterIds && { deadLetterIds: [...new Set(deadLetterIds)] }),
    ...how,
    by,
  };
  const time = new Date(clock.now()).toISOString();
  const { correlationId, traceparent } = request;
  const metadata = { time, correlationId, ...(traceparent !== undefined && { traceparent }), actor: by, schemaVersion: SCHEMA_VERSION };
  const event = { id: newId(), type: 'RedriveRequested', data: data as never, metadata };
  await store.append({ stream: redriveStream(redriveId), expectedRevision: NO_STREAM, events: [event] });
  return redriveId;
};

/** What cursors belong to. */
const LIST = 'redrives';
const listRedrives = async ({ documents }: RedrivePorts, { limit, cursor }: QueryOf<typeof LIST_QUERY>) => {
  const [value = '', id = ''] = cursor === undefined ? [] : decodeCursor(cursor, LIST, 2);
  const found = await documents.find(REDRIVES, {
    sort: { field: 'requestedAt', direction: 'desc' },
    ...(cursor !== undefined && { after: { value, id } }),
    limit: limit + 1,
  });
  const items = found.slice(0, limit).map(({ body }) => body as unknown as RedriveDocument);
  const last = items.at(-1);
  return {
    items: items.map(documentView),
    ...(found.length > limit && last && { next: encodeCursor(LIST, last.requestedAt, last.redriveId) }),
  };
};

/** What cursors over the items of a job belong to. */
const itemsList = (redriveId: string): string => `redrive-items ${redriveId}`;
const firstItem = (redriveId: string, cursor: string | undefined): number =>
  cursor === undefined ? 0 : Number(decodeCursor(cursor, itemsList(redriveId), 1)[0]);

interface ItemQuery extends Pick<QueryOf<typeof ITEM_QUERY>, 'outcome' | 'limit'> {
  readonly from: number;
}
const itemsOf = (job: Job, { outcome, limit, from }: ItemQuery): { items: readonly ItemView[]; next?: string } => {
  const items: ItemView[] = [];
  let index = from;
  for (; index < job.total && items.length < limit; index++) {
    const item = itemOfJob(job, index);
    if (!outcome || outcome.includes(item.outcome)) items.push(item);
  }
  return { items, ...(index < job.total && { next: encodeCursor(itemsList(job.request.redriveId), String(index)) }) };
};

const withPayloads = ({ documents }: RedrivePorts, items: readonly ItemView[]): Promise<readonly ItemView[]> =>
  Promise.all(
    items.map(async (item) => {
      if (item.outcome !== 'would-redrive') return item;
      const letter = await findLetter(documents, item.deadLetterId);
      return letter ? { ...item, wouldSend: letter.payload } : item;
    }),
  );
