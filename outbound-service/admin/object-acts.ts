import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { operatorReasonBody } from '@sagahub/contracts/api/reason.ts';
import { type ApiRequest, type ApiResponse, JSON_BODY, type OperationDoc, type Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, NotFoundError } from '@sagahub/contracts/errors.ts';
import { givenUpFault, type SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { z } from 'zod';
import { operatorOf } from './acts.ts';
import type { OperatorFace } from './flows/face.ts';
import { winOrLearn } from './rival.ts';

const OBJECT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const responsesOf = ({ id, one, viewId }: OperatorFace): OperationDoc['responses'] => ({
  202: {
    description: `Recorded; the ${one} goes on by itself`,
    schema: z
      .object({ [id]: z.string(), recorded: z.array(z.string()).describe('types of the events'), revision: z.int() })
      .meta({ id: viewId }),
  },
  404: { description: `There is no such ${one}` },
  409: { description: `The ${one} is not in a state for that, or somebody was faster: \`lastAct\` tells who did what, when and why` },
});

/** What operators do about single objects of a flow. Each act says why, and stands in the object's history with who did it. */
export const objectActRoutes = (face: OperatorFace, ports: Pick<Ports, 'store'>, runtime: SagaRuntime): readonly Route[] => {
  const { flow, path, id: idField, one, tag } = face;
  const responses = responsesOf(face);
  const headers = {
    'If-Match': {
      description: `ETag of the ${one} you decided on: refused with 409 when it has changed since.`,
      schema: z.string().optional(),
    },
  };
  const acting = async (request: ApiRequest, command: (stream: string) => Promise<Command> | Command): Promise<ApiResponse> => {
    const id = request.params[idField] ?? '';
    if (!OBJECT_ID.test(id)) throw new NotFoundError(`${one} ${id}`);
    const stream = `${flow}-${id}`;
    const expectedRevision = revisionOf(one, request.headers['if-match']);
    const { traceparent } = request;
    const context = { actor: operatorOf(request), traceparent, ...(expectedRevision !== undefined && { expectedRevision }) };
    const { events, folded } = await winOrLearn(ports.store, stream, async () => {
      const { revision } = await runtime.load(stream);
      if (revision === -1) throw new NotFoundError(`${one} ${id}`);
      return runtime.execute(stream, await command(stream), context);
    });
    return { status: 202, body: { [idField]: id, recorded: events.map(({ type }) => type), revision: folded.revision } };
  };
  const route = (
    act: string,
    operation: Omit<OperationDoc, 'tag' | 'responses' | 'requestSchema'> & { readonly requestSchema: z.ZodType<object> },
    commandOf: (stream: string) => Promise<Command['type']> | Command['type'],
  ): Route => ({
    method: 'POST',
    path: `${path}/:${idField}/${act}`,
    scopes: ['admin'],
    body: JSON_BODY,
    operation: { ...operation, tag, headers, responses },
    handle: (request) => {
      const said = { by: operatorOf(request), ...parseOrFault(operation.requestSchema, request.body) };
      return acting(request, async (stream) => ({ type: await commandOf(stream), ...said }));
    },
  });
  const reasoned = { requestSchema: operatorReasonBody };
  return [
    route('retry', { ...face.retry, ...reasoned }, async (stream) => (givenUpFault(await runtime.load(stream)) ? 'RetryStep' : 'Retry')),
    route('compensate', { ...face.compensate, ...reasoned }, () => 'Compensate'),
    ...face.acts.map(({ name, operation, command }) => route(name, operation, () => command)),
  ];
};

/** Of an object's ETag, `"<revision>-…"`. */
const revisionOf = (one: string, ifMatch: string | undefined): number | undefined => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const [, revision] = /^\s*(?:W\/)?"(\d{1,9})(?:-[\w-]*)?"\s*$/.exec(ifMatch) ?? [];
  if (revision !== undefined) return Number(revision);
  throw new MalformedRequestError(`If-Match is not the ETag of this ${one}: use the one that the hub gave you`, {
    faults: [{ header: 'If-Match', code: 'not-an-etag', detail: `use the ETag of the ${one}, unchanged` }],
  });
};
