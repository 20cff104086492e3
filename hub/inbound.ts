import { decodeBody, DEFAULT_BODY_BYTES, formOf } from '@sagahub/adapters/http/body.ts';
import { callRoute } from '@sagahub/adapters/http/route-call.ts';
import { acceptTraceparent } from '@sagahub/adapters/http/request-ids.ts';
import { openRabbitMqOrderInbox } from '@sagahub/adapters/rabbitmq/order-inbox.ts';
import { JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { PayloadTooLargeError, UnauthenticatedError, ValidationError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import type { Authenticator } from '@sagahub/contracts/ports/identity.ts';
import type { InboundMessage, OrderInbox } from '@sagahub/contracts/ports/order-inbox.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { HealthCheck, Ports, Service } from '@sagahub/contracts/service.ts';
import { type IntegrationConfig, integrationSettings } from '@sagahub/integration-service/config.ts';
import type { Submit } from '@sagahub/integration-service/inbound/inbound.ts';
import { startInbound } from '@sagahub/integration-service/inbound/start.ts';

/** No signal of its own: an order that was begun is finished. */
const NEVER = new AbortController().signal;

export interface InboundOptions {
  readonly config: IntegrationConfig;
  readonly ports: Ports;
  readonly runtime: SagaRuntime;
  /** Those of the integration service. */
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
}
export interface Inbound extends AsyncDisposable {
  health(): Promise<readonly HealthCheck[]>;
}

/** The inbox among the services whose health is asked: it starts behind the gateway, whose routes and clients it needs. */
export const inboundHealth = () => {
  let running: Inbound | undefined;
  const service: Service = {
    name: 'orders-inbox',
    routes: [],
    health: () => running?.health() ?? Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { service, run: (inbound: Inbound): void => void (running = inbound) };
};

/** Orders as messages, through the route that HTTP has for orders; from a broker only where `HUB_INBOX_URL` names one. */
export const startInboundOrders = async ({ config, ports, runtime, routes, authenticator }: InboundOptions): Promise<Inbound> => {
  const route = routes.find(({ operation }) => operation.operationId === 'placeOrder');
  if (!route) throw new Error('no route takes orders');
  const inbox = inboxOf(config, ports);
  const started = await startInbound(ports, runtime, submitTo(route, authenticator, ports), inbox);
  return {
    health: async () => (inbox ? [await inbox.health()] : []),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
};

const inboxOf = ({ inboxUrl, inboxPrefetch }: IntegrationConfig, { clock, telemetry }: Ports): OrderInbox | undefined => {
  if (inboxUrl === undefined) return undefined;
  const setting = integrationSettings.inboxUrl.env;
  return openRabbitMqOrderInbox({ url: inboxUrl, setting, prefetch: inboxPrefetch, clock, logger: telemetry.logger });
};

/** The broker has authenticated the sender, and paces itself by what is in hand: no token, and no quota. */
const submitTo = (route: Route, clients: Authenticator, { telemetry }: Ports): Submit => {
  const identify = (clientId: string) => clients.identify(clientId);
  const authenticatorOf = (clientId: string | undefined): Authenticator => ({
    identify,
    authenticate: () =>
      clientId === undefined
        ? Promise.reject(
            new UnauthenticatedError(
              'missing',
              'the message names no sender; set its property user-id to the name of your user at the broker',
            ),
          )
        : identify(clientId),
  });
  const submit = (message: Omit<InboundMessage, 'signal'>, { correlationId, traceparent }: Parameters<Submit>[1]) =>
    callRoute(
      route,
      {
        channel: message.channel,
        method: route.method,
        url: route.path,
        params: {},
        headers: { 'idempotency-key': message.idempotencyKey },
        body: () => bodyOf(message),
        correlationId,
        requestId: newId(),
        traceparent: acceptTraceparent(traceparent),
        remoteAddress: message.channel,
        signal: NEVER,
      },
      { authenticator: authenticatorOf(message.clientId), limiter: undefined, gate: undefined },
      telemetry.logger,
    );
  const partnerOf = async (clientId: string | undefined): Promise<string | undefined> => {
    if (clientId === undefined) return undefined;
    try {
      return (await identify(clientId)).partnerId;
    } catch (error) {
      if (error instanceof UnauthenticatedError) return undefined;
      throw error;
    }
  };
  return Object.assign(submit, { partnerOf });
};

/** As a body over HTTP; a message that does not say what it is, is JSON. */
const bodyOf = ({
  content,
  contentType = 'application/json',
  contentEncoding,
  foreignReplyTo,
}: Omit<InboundMessage, 'signal'>): unknown => {
  if (foreignReplyTo !== undefined) throw new ValidationError([FOREIGN_ADDRESS]);
  const encoding = contentEncoding?.toLowerCase() === 'utf-8' ? undefined : contentEncoding;
  const form = formOf({ 'content-type': contentType, ...(encoding !== undefined && { 'content-encoding': encoding }) }, JSON_BODY);
  if (content.length > DEFAULT_BODY_BYTES) throw new PayloadTooLargeError(DEFAULT_BODY_BYTES);
  return decodeBody(Buffer.from(content), form);
};

const FOREIGN_ADDRESS = {
  header: 'reply-to',
  code: 'not-your-address',
  detail: 'must be amq.rabbitmq.reply-to, or the queue orders.reply.<your client id>',
};
