import {
  driftReport,
  parkedStream,
  type ParkedStreamView,
  projectionStatus,
  type ProjectionStatus,
  rebuildProgress,
} from '@sagahub/contracts/api/operations-views.ts';
import { type ApiRequest, JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { z } from 'zod';
import { drift } from '../drift.ts';
import type { LogCursors } from '../log-cursor.ts';
import type { Projector } from '../projector.ts';
import { collectionsOf } from '../projections/projection.ts';
import type { Rebuilds } from '../rebuilds.ts';
import { BAD_QUERY, problem } from './answers.ts';
import { longRoute } from '@sagahub/contracts/api/long-answer.ts';
import { readQuery, wholeNumber } from '@sagahub/contracts/api/parameters.ts';

export interface ProjectionsContext {
  readonly ports: Pick<Ports, 'store' | 'documents'>;
  readonly projectors: readonly Projector[];
  readonly rebuilds: Rebuilds;
  readonly cursors: LogCursors;
}

const PATH = '/api/v1/admin/projections';
const TAG = 'Operations';
const UNKNOWN = problem('No such projection');
const SAMPLE = {
  sample: { description: 'Compare one stream in this many; default 1: all.', schema: wholeNumber(1, 1e9).default(1) },
};
const retryBody = z.strictObject({ stream: z.string().max(300).optional() }).default({});
const retryAnswer = z.object({
  tried: z.array(z.object({ stream: z.string(), error: z.string().optional().describe('why it is still parked; absent: projected') })),
});

/** `/api/v1/admin/projections…`: how current the read model is, whether it is right, and what to do when it is not. */
export const projectionsQueries = (context: ProjectionsContext): readonly Route[] => [
  {
    method: 'GET',
    path: PATH,
    scopes: ['admin'],
    handle: async () => ({ status: 200, body: { items: await Promise.all(context.projectors.map((one) => statusOf(context, one))) } }),
    operation: {
      operationId: 'listProjections',
      summary: 'How current the read model is',
      tag: TAG,
      responses: { 200: { description: 'Every projection', schema: z.object({ items: z.array(projectionStatus) }) } },
    },
  },
  longRoute(
    {
      method: 'POST',
      path: `${PATH}/:name/rebuild`,
      scopes: ['admin'],
      operation: {
        operationId: 'rebuildProjection',
        summary: 'Fold the whole log into new documents',
        description: 'The old documents are read until the new ones take their place. Goes on when you leave.',
        tag: TAG,
        responses: { 200: { description: 'Rebuilt', schema: rebuildProgress }, 404: UNKNOWN },
      },
    },
    (request) => context.rebuilds.watch(named(context, request), request.signal),
  ),
  longRoute(
    {
      method: 'POST',
      path: `${PATH}/:name/drift`,
      scopes: ['admin'],
      operation: {
        operationId: 'checkDrift',
        summary: 'Compare the documents with the log',
        tag: TAG,
        query: SAMPLE,
        responses: { 200: { description: 'What differs', schema: driftReport }, 400: BAD_QUERY, 404: UNKNOWN },
      },
    },
    (request) => {
      const { sample } = readQuery(request, SAMPLE);
      return drift(named(context, request), context.ports, { every: sample, signal: request.signal });
    },
  ),
  {
    method: 'GET',
    path: `${PATH}/:name/parked`,
    scopes: ['admin'],
    handle: async (request) => ({ status: 200, body: { items: await parkedOf(context, named(context, request)) } }),
    operation: {
      operationId: 'listParkedStreams',
      summary: 'Streams set aside because an event cannot be projected',
      tag: TAG,
      responses: { 200: { description: 'Parked streams', schema: z.object({ items: z.array(parkedStream) }) }, 404: UNKNOWN },
    },
  },
  {
    method: 'POST',
    path: `${PATH}/:name/parked/retry`,
    scopes: ['admin'],
    body: { ...JSON_BODY, optional: true },
    long: true,
    handle: async (request) => {
      const { stream } = parseOrFault(retryBody, request.body);
      return { status: 200, body: { tried: await named(context, request).retryParked(stream) } };
    },
    operation: {
      operationId: 'retryParkedStreams',
      summary: 'Try parked streams again',
      tag: TAG,
      requestSchema: retryBody,
      requestExample: { stream: 'order-5f0c5e0c-7a3e-5b0c-9d0e-2f6a1b3c4d5e' },
      responses: { 200: { description: 'What came of it', schema: retryAnswer }, 404: UNKNOWN, 422: problem('An invalid field') },
    },
  },
  {
    method: 'GET',
    path: `${PATH}/:name/documents/:collection/:id`,
    scopes: ['admin'],
    handle: async (request) => {
      const { projection } = named(context, request);
      const { collection = '', id = '' } = request.params;
      const known = collectionsOf(projection).some((spec) => spec.name === collection);
      const document = known ? await context.ports.documents.get(collection, id) : undefined;
      if (!document) throw new NotFoundError(`document ${id} of ${collection}`);
      return { status: 200, body: { revision: document.revision, document: document.body } };
    },
    operation: {
      operationId: 'readDocument',
      summary: 'A document of the read model as it is stored',
      description: 'Personal data is sealed in it.',
      tag: TAG,
      responses: {
        200: { description: 'The document', schema: z.object({ revision: z.int(), document: z.looseObject({}) }) },
        404: problem('No such document'),
      },
    },
  },
];

const named = ({ projectors }: ProjectionsContext, request: ApiRequest): Projector => {
  const { name } = request.params;
  const projector = projectors.find(({ projection }) => projection.name === name);
  if (!projector) throw new NotFoundError(`projection ${name}`);
  return projector;
};

const statusOf = async ({ cursors }: ProjectionsContext, projector: Projector): Promise<ProjectionStatus> => {
  const { position, lagEvents, lagSeconds, parked, failing, rebuilding } = await projector.status();
  return {
    name: projector.projection.name,
    position: cursors.encode(position),
    lagEvents,
    lagSeconds,
    parked: parked.length,
    ...(failing !== undefined && { failing }),
    ...(rebuilding && { rebuilding }),
  };
};

const parkedOf = async ({ cursors }: ProjectionsContext, projector: Projector): Promise<readonly ParkedStreamView[]> =>
  (await projector.status()).parked.map(({ stream, revision, position, type, error, parkedAt }) => ({
    stream,
    revision,
    position: cursors.encode(BigInt(position)),
    type,
    error,
    parkedAt,
  }));
