import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { operatorReason, operatorReasonBody } from '@sagahub/contracts/api/reason.ts';
import { type ApiRequest, type ApiResponse, JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, NotFoundError } from '@sagahub/contracts/errors.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import { givenUpFault, type SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { z } from 'zod';
import { operatorOf } from './acts.ts';
import { winOrLearn } from './rival.ts';

const TAG = 'Orders in trouble';
const PATH = '/api/v1/admin/orders/:orderId';
const ORDER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const skipBody = z
  .strictObject({
    step: z.enum(['stock', 'discount', 'erp-cancel']).describe('`erp-cancel`: the order ends as `partial`, and tells what was not undone'),
    reason: operatorReason,
  })
  .meta({ id: 'SkipStep' });

const resolveBody = z
  .strictObject({
    erp: z.enum(['live', 'cancelled', 'absent']).describe('what you saw at the ERP: it has the order, has cancelled it, or never had it'),
    erpRef: z.string().min(1).max(255).optional().describe("the ERP's own reference; needed for `live`"),
    reason: operatorReason,
  })
  .meta({ id: 'ResolveByHand' });

const actView = z
  .object({ orderId: z.string(), recorded: z.array(z.string()).describe('types of the events'), revision: z.int() })
  .meta({ id: 'OrderAct' });

const RESPONSES = {
  202: { description: 'Recorded; the order goes on by itself', schema: actView },
  404: { description: 'There is no such order' },
  409: { description: 'The order is not in a state for that, or somebody was faster: `lastAct` tells who did what, when and why' },
};
const IF_MATCH = {
  'If-Match': {
    description: 'ETag of the order you decided on: refused with 409 when it has changed since.',
    schema: z.string().optional(),
  },
};

/** What operators do about single orders. Each act says why, and stands in the order's history with who did it. */
export const orderActRoutes = (ports: Pick<Ports, 'store'>, runtime: SagaRuntime): readonly Route[] => {
  const acting = async (request: ApiRequest, command: (stream: string) => Promise<Command> | Command): Promise<ApiResponse> => {
    const orderId = request.params['orderId'] ?? '';
    if (!ORDER_ID.test(orderId)) throw new NotFoundError(`order ${orderId}`);
    const stream = orderStream(orderId);
    const expectedRevision = revisionOf(request.headers['if-match']);
    const { traceparent } = request;
    const context = { actor: operatorOf(request), traceparent, ...(expectedRevision !== undefined && { expectedRevision }) };
    const { events, folded } = await winOrLearn(ports.store, stream, async () => {
      const { revision } = await runtime.load(stream);
      if (revision === -1) throw new NotFoundError(`order ${orderId}`);
      return runtime.execute(stream, await command(stream), context);
    });
    return { status: 202, body: { orderId, recorded: events.map(({ type }) => type), revision: folded.revision } };
  };
  const route = (
    act: string,
    operation: Pick<Route['operation'], 'operationId' | 'summary' | 'description' | 'requestSchema' | 'requestExample'>,
    command: (request: ApiRequest) => (stream: string) => Promise<Command> | Command,
  ): Route => ({
    method: 'POST',
    path: `${PATH}/${act}`,
    scopes: ['admin'],
    body: JSON_BODY,
    operation: { ...operation, tag: TAG, headers: IF_MATCH, responses: RESPONSES },
    handle: (request) => acting(request, command(request)),
  });
  return [
    route(
      'retry',
      {
        operationId: 'retryOrder',
        summary: 'Try again what an order is stuck at',
        description: 'Another round of attempts at the ERP, of a step that kept failing, or of what could not be undone.',
        requestSchema: operatorReasonBody,
        requestExample: { reason: 'the ERP is reachable again' },
      },
      (request) => {
        const said = { by: operatorOf(request), ...parseOrFault(operatorReasonBody, request.body) };
        return async (stream) => ({ type: givenUpFault(await runtime.load(stream)) ? 'RetryStep' : 'Retry', ...said });
      },
    ),
    route(
      'compensate',
      {
        operationId: 'compensateOrder',
        summary: 'Give an order up, and undo what was done of it',
        description: 'It ends as rejected. What could not be undone before is tried again.',
        requestSchema: operatorReasonBody,
        requestExample: { reason: 'the customer went elsewhere' },
      },
      (request) => {
        const said = { by: operatorOf(request), ...parseOrFault(operatorReasonBody, request.body) };
        return () => ({ type: 'Compensate', ...said });
      },
    ),
    route(
      'skip',
      {
        operationId: 'skipOrderStep',
        summary: 'Go on without the step that an order is stuck at',
        description:
          'Without the stock reservation or the discount: what a failed try may have taken is given back. Or without cancelling at the ERP: ' +
          'the order ends as `partial`, and its `handover` lists exactly what was and was not undone.',
        requestSchema: skipBody,
        requestExample: { step: 'discount', reason: 'the code was withdrawn; agreed with the customer' },
      },
      (request) => {
        const asked = { by: operatorOf(request), ...parseOrFault(skipBody, request.body) };
        return () => ({ type: 'SkipStep', ...asked });
      },
    ),
    route(
      'resolve',
      {
        operationId: 'resolveOrderByHand',
        summary: 'Tell what you saw at the ERP',
        description:
          '`live` with the reference: an order that is wanted completes, one that is being undone is cancelled there. `cancelled` or `absent`: ' +
          'undoing goes on; of an order that is stuck in doubt, the next attempt is made without another look-up.',
        requestSchema: resolveBody,
        requestExample: { erp: 'live', erpRef: 'SO-4711', reason: 'found by hand; the answer was lost' },
      },
      (request) => {
        const asked = { by: operatorOf(request), ...parseOrFault(resolveBody, request.body) };
        return () => ({ type: 'ResolveByHand', ...asked });
      },
    ),
  ];
};

/** Of an order's ETag, `"<revision>-…"`. */
const revisionOf = (ifMatch: string | undefined): number | undefined => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const [, revision] = /^\s*(?:W\/)?"(\d{1,9})(?:-[\w-]*)?"\s*$/.exec(ifMatch) ?? [];
  if (revision !== undefined) return Number(revision);
  throw new MalformedRequestError('If-Match is not an ETag of an order: use the one that the hub gave you', {
    faults: [{ header: 'If-Match', code: 'not-an-etag', detail: 'use the ETag of the order, unchanged' }],
  });
};
