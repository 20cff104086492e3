import { readQuery } from '@sagahub/contracts/api/parameters.ts';
import { requestEditBody } from '@sagahub/contracts/api/request-edit.ts';
import { type ApiRequest, type ApiResponse, JSON_BODY, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import type { LetterAct } from '@sagahub/contracts/dead-letter-rules.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { ActContext, SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { act, operatorOf, readReason } from './acts.ts';
import { editRequest } from './request-edit.ts';
import { winOrLearn } from './rival.ts';
import { actOn } from './dead-letter-acts.ts';
import { detailOf } from './dead-letter-history.ts';
import { findCauses, findLetter, findLetters, LETTER_FILTERS, LETTER_PAGE } from './dead-letter-list.ts';
import { causeList, editView, letterDetail, letterPage, outcomeView } from './dead-letter-views.ts';

const TAG = 'Dead letters';
const PATH = '/api/v1/admin/dead-letters';

/** What could not be done and waits for an operator: seen, tried again, given up. */
export const deadLetterRoutes = (ports: Pick<Ports, 'documents' | 'store' | 'keys'>, runtime: SagaRuntime): readonly Route[] => {
  const { documents } = ports;
  const find = async (request: ApiRequest): Promise<DeadLetter> => {
    const id = request.params['deadLetterId'] ?? '';
    const letter = await findLetter(documents, id);
    if (!letter) throw new NotFoundError(`dead letter ${id}`);
    return letter;
  };
  const acting =
    (name: LetterAct, result: string) =>
    async (request: ApiRequest): Promise<ApiResponse> => {
      const reason = readReason(request);
      const letter = await find(request);
      const said = { by: operatorOf(request), reason };
      await winOrLearn(ports.store, letter.stream, async () => ({ events: await actOn(runtime, letter, name, said, tracedBy(request)) }));
      return { status: 202, body: { deadLetterId: letter.deadLetterId, result } };
    };
  const acted = {
    202: { description: 'Recorded; the object goes on by itself', schema: outcomeView },
    409: { description: 'The object has moved on: there is nothing to do here any more' },
  };
  return [
    {
      method: 'GET',
      path: PATH,
      scopes: ['admin'],
      operation: {
        operationId: 'listDeadLetters',
        summary: 'Dead letters, newest first',
        tag: TAG,
        query: LETTER_PAGE,
        responses: { 200: { description: 'A page', schema: letterPage } },
      },
      handle: async (request) => ({ status: 200, body: await findLetters(documents, readQuery(request, LETTER_PAGE)) }),
    },
    {
      method: 'GET',
      path: `${PATH}/causes`,
      scopes: ['admin'],
      operation: {
        operationId: 'listDeadLetterCauses',
        summary: 'Dead letters counted by cause, most frequent first',
        tag: TAG,
        query: LETTER_FILTERS,
        responses: { 200: { description: 'One entry per origin and cause', schema: causeList } },
      },
      handle: async (request) => ({ status: 200, body: { items: await findCauses(documents, readQuery(request, LETTER_FILTERS)) } }),
    },
    {
      method: 'GET',
      path: `${PATH}/:deadLetterId`,
      scopes: ['admin'],
      operation: {
        operationId: 'getDeadLetter',
        summary: 'One dead letter with its reason, payload and history',
        tag: TAG,
        responses: { 200: { description: 'The dead letter', schema: letterDetail }, 404: { description: 'There is none' } },
      },
      handle: async (request) => {
        const openPersonal = principalOf(request).scopes.has('audit:personal');
        return { status: 200, body: await detailOf(ports, await find(request), openPersonal) };
      },
    },
    {
      method: 'PATCH',
      path: `${PATH}/:deadLetterId`,
      scopes: ['admin'],
      body: JSON_BODY,
      operation: {
        operationId: 'editDeadLetter',
        summary: 'Correct what a redrive sends to the ERP',
        description:
          'Customer number, SKUs, how a line is put together from quantity and price, and the personal data; never who ordered, the currency or ' +
          'the total. The order stays as it was received: the history keeps what was sent before, the difference, who changed it and why.',
        tag: TAG,
        requestSchema: requestEditBody,
        requestExample: { changes: [{ pointer: '/customerId', value: 'C-1002' }], reason: 'the ERP knows this customer by another number' },
        responses: {
          200: { description: 'Recorded; the next attempt sends it', schema: editView },
          404: { description: 'There is none' },
          409: { description: 'The dead letter is not what its order waits for, nothing of it can be edited, or somebody was faster' },
        },
      },
      handle: async (request) => {
        const letter = await find(request);
        const edit = () => editRequest({ runtime, keys: ports.keys }, letter, request, operatorOf(request));
        const { events: _events, ...edited } = await winOrLearn(ports.store, letter.stream, edit);
        return { status: 200, body: edited };
      },
    },
    act(
      `${PATH}/:deadLetterId/redrive`,
      { operationId: 'redriveDeadLetter', summary: 'Try a dead letter again', tag: TAG, responses: acted },
      acting('redrive', 'redriven'),
    ),
    act(
      `${PATH}/:deadLetterId/discard`,
      {
        operationId: 'discardDeadLetter',
        summary: 'Give a dead letter up',
        description:
          'An order is undone and ends rejected, a payment is taken back and ends cancelled. Of a compensation that failed: what could not be undone stays as it is.',
        tag: TAG,
        responses: acted,
      },
      acting('discard', 'discarded'),
    ),
  ];
};

const tracedBy = ({ traceparent }: ApiRequest): Partial<ActContext> => ({ traceparent });
