import type { Route } from '@sagahub/contracts/api/route.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { BreakerEvent } from '@sagahub/contracts/messages/hub.ts';
import { z } from 'zod';
import type { ConnectorBreaker } from '../resilience/connector-breaker.ts';
import { act, operatorOf, readReason } from './acts.ts';

const breakerView = z
  .object({
    connector: z.string(),
    state: z.enum(['closed', 'half-open', 'open']),
    cause: z.string().optional().describe('why it opened'),
    since: z.string().optional(),
    by: z.string().optional().describe('`hub`, or the client that opened it by hand'),
    nextProbeAt: z.string().optional().describe('absent while open: only until somebody closes it'),
    lastFailure: z.string().optional().describe('what the last call met'),
  })
  .meta({ id: 'Breaker' });
type BreakerView = z.output<typeof breakerView>;

const breakerDetail = breakerView
  .extend({
    history: z
      .array(
        z.object({
          at: z.iso.datetime(),
          state: z.enum(['open', 'closed']),
          by: z.string().describe('`hub`, or the client that did it by hand'),
          reason: z.string().optional().describe('why it opened, or why somebody closed it'),
          nextProbeAt: z.string().optional(),
        }),
      )
      .describe('the last 100 openings and closings, newest first; the log has all of them'),
  })
  .meta({ id: 'BreakerDetail' });
const HISTORY = 100;

const TAG = 'Breakers';
const PATH = '/api/v1/admin/breakers';

export const breakerRoutes = (breakers: ReadonlyMap<string, ConnectorBreaker>): readonly Route[] => {
  const find = (connector: string | undefined): ConnectorBreaker => {
    const breaker = breakers.get(connector ?? '');
    if (!breaker) throw new NotFoundError(`breaker ${connector}`, `there is ${[...breakers.keys()].join(', ')}`);
    return breaker;
  };
  const answer = { 200: { description: 'The breaker as it is now', schema: breakerView } };
  return [
    {
      method: 'GET',
      path: PATH,
      scopes: ['admin'],
      operation: {
        operationId: 'listBreakers',
        summary: 'Breakers of all connectors',
        tag: TAG,
        responses: { 200: { description: 'One entry per connector', schema: z.object({ items: z.array(breakerView) }) } },
      },
      handle: async () => ({ status: 200, body: { items: [...breakers.values()].map(viewOf) } }),
    },
    {
      method: 'GET',
      path: `${PATH}/:connector`,
      scopes: ['admin'],
      operation: {
        operationId: 'getBreaker',
        summary: 'A breaker with its history',
        tag: TAG,
        responses: { 200: { description: 'The breaker as it is now, and how it came to be so', schema: breakerDetail } },
      },
      handle: async (request) => {
        const breaker = find(request.params['connector']);
        const history = (await breaker.history(HISTORY)).map(changeOf);
        return { status: 200, body: { ...viewOf(breaker), history } };
      },
    },
    act(
      `${PATH}/:connector/open`,
      {
        operationId: 'openBreaker',
        summary: 'Stop calling a third party',
        description: 'Orders are accepted and wait. It stays open until it is closed by hand; calls in hand are finished.',
        tag: TAG,
        responses: answer,
      },
      async (request) => {
        const breaker = find(request.params['connector']);
        await breaker.openByHand(operatorOf(request), readReason(request), request);
        return { status: 200, body: viewOf(breaker) };
      },
    ),
    act(
      `${PATH}/:connector/close`,
      {
        operationId: 'closeBreaker',
        summary: 'Call a third party again',
        description: 'Waiting orders are let go at a controlled rate. Nothing changes when it is closed already.',
        tag: TAG,
        responses: answer,
      },
      async (request) => {
        const breaker = find(request.params['connector']);
        await breaker.closeByHand(operatorOf(request), readReason(request), request);
        return { status: 200, body: viewOf(breaker) };
      },
    ),
  ];
};

const changeOf = (event: RecordedEvent) => {
  const { type, data } = event as unknown as BreakerEvent;
  const at = event.metadata.time;
  if (type === 'BreakerClosed') return { at, state: 'closed', by: data.by, ...(data.reason !== undefined && { reason: data.reason }) };
  const { by, cause, probeAt } = data;
  return { at, state: 'open', by, reason: cause, ...(probeAt !== undefined && { nextProbeAt: probeAt }) };
};

const viewOf = ({ connector, state }: ConnectorBreaker): BreakerView => {
  if (state.state === 'closed') return { connector, state: 'closed' };
  const { cause, by, sinceMs, probeAtMs, lastFailure } = state;
  return {
    connector,
    state: state.state,
    cause,
    by,
    since: new Date(sinceMs).toISOString(),
    ...(probeAtMs !== undefined && { nextProbeAt: new Date(probeAtMs).toISOString() }),
    ...(lastFailure !== undefined && { lastFailure }),
  };
};
