import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { EventBody } from '@sagahub/contracts/events.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { type OperatorActed, type OperatorActEnded, operatorStream } from '@sagahub/contracts/messages/operator.ts';
import { type EventStore, NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { objectOf, objectOfLocation } from './object.ts';
import { codeIn, reasonIn } from './request-facts.ts';

const SCHEMA_VERSION = 1;

interface AuditPorts extends Pick<Ports, 'clock' | 'telemetry'> {
  readonly store: Pick<EventStore, 'append'>;
}

/**
 * Records what operators do: every request to a route of theirs that may change something, by a client with the scope `admin`. It is
 * done where all routes come together, so that a route that is added later is recorded without knowing of it.
 *
 * First who asked for what, and why; without that on disk nothing is carried out. Then what came of it.
 */
export const auditedRoutes = (routes: readonly Route[], ports: AuditPorts): readonly Route[] =>
  routes.map((route) => (isOperators(route) ? { ...route, handle: audited(route, ports) } : route));

export const isOperators = ({ method, scopes }: Pick<Route, 'method' | 'scopes'>): boolean => method !== 'GET' && scopes.includes('admin');

const audited =
  (route: Route, ports: AuditPorts): Route['handle'] =>
  async (request) => {
    // A partner manages its own webhooks by such a route too: that is its business, and recorded there.
    if (!principalOf(request).scopes.has('admin')) return route.handle(request);
    const actId = newId();
    await record(ports, request, actId, NO_STREAM, actedOn(route, request, actId));
    try {
      const answer = await route.handle(request);
      await recordEnd(ports, request, actId, endOf(answer));
      return answer;
    } catch (error) {
      await recordEnd(ports, request, actId, { outcome: 'refused', code: error instanceof HubError ? error.code : 'HUB_INTERNAL' });
      throw error;
    }
  };

const actedOn = (route: Route, request: ApiRequest, actId: string): OperatorActed => {
  const { clientId, partnerId } = principalOf(request);
  const reason = reasonIn(route, request);
  return {
    type: 'OperatorActed',
    data: {
      actId,
      by: `client:${clientId}`,
      partnerId,
      action: route.operation.operationId,
      method: route.method,
      path: request.url.split('?', 1)[0] ?? '',
      object: objectOf(route.path, request.params),
      ...(reason !== undefined && { reason }),
      remoteAddress: request.remoteAddress,
      requestId: request.requestId,
    },
  };
};

const endOf = (answer: ApiResponse): Omit<OperatorActEnded['data'], 'actId'> => {
  const code = codeIn(answer);
  if (code !== undefined) return { outcome: 'refused', code };
  const object = objectOfLocation(answer.headers?.['location']);
  return { outcome: 'done', ...(object !== undefined && { object }) };
};

/** What was done is done: that its end cannot be recorded does not undo it. */
const recordEnd = async (
  ports: AuditPorts,
  request: ApiRequest,
  actId: string,
  end: Omit<OperatorActEnded['data'], 'actId'>,
): Promise<void> => {
  try {
    await record(ports, request, actId, 0, { type: 'OperatorActEnded', data: { actId, ...end } });
  } catch (error) {
    ports.telemetry.logger.warn('the end of an act could not be recorded', { actId, cause: String(error) });
  }
};

const record = async (
  { store, clock }: AuditPorts,
  request: ApiRequest,
  actId: string,
  expectedRevision: number,
  { type, data }: EventBody<string, object>,
): Promise<void> => {
  const { clientId, partnerId } = principalOf(request);
  const { correlationId, traceparent } = request;
  const metadata = {
    time: new Date(clock.now()).toISOString(),
    correlationId,
    ...(traceparent !== undefined && { traceparent }),
    partnerId,
    actor: `client:${clientId}`,
    schemaVersion: SCHEMA_VERSION,
  };
  const events = [{ id: newId(), type, data: data as JsonObject, metadata }];
  await store.append({ stream: operatorStream(actId), expectedRevision, events });
};
