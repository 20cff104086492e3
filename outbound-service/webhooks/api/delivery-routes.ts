import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { lines } from '@sagahub/contracts/api/formats.ts';
import { PREFER_WAIT_HEADER } from '@sagahub/contracts/api/headers.ts';
import { readQuery } from '@sagahub/contracts/api/parameters.ts';
import { waitApplied, waitSecondsOf } from '@sagahub/contracts/api/prefer.ts';
import { type ApiRequest, type ApiResponse, JSON_BODY, type OperationDoc, type Route } from '@sagahub/contracts/api/route.ts';
import { TEST_TYPE } from '@sagahub/contracts/api/webhook-events.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import { newId, randomId } from '@sagahub/contracts/ids.ts';
import { deliveryStream } from '@sagahub/contracts/messages/webhook.ts';
import { WEBHOOK_MESSAGES, type WebhookMessage } from '@sagahub/contracts/messages/webhook-documents.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { z } from 'zod';
import { testBody } from '../messages/test-body.ts';
import type { MessageBodies } from '../messages/bodies.ts';
import type { MessageRequests } from '../messages/requests.ts';
import { requireEnabled, type SubscriptionDirectory } from '../subscriptions/directory.ts';
import type { Subscription } from '../subscriptions/state.ts';
import { actOf, subscriptionOf, WEBHOOK_SCOPES, WEBHOOKS_PATH } from './access.ts';
import { DELIVERY_QUERY, deliveryQuery } from './delivery-list.ts';
import { type DeliveryAct, deliveryAct, deliveryDetail, deliveryPage, deliveryPath, historyOf, viewOfDelivery } from './delivery-views.ts';
import { subscriptionView, viewOf } from './schemas.ts';

export interface DeliveryRoutesContext {
  readonly directory: SubscriptionDirectory;
  readonly documents: DocumentStore;
  readonly store: Pick<EventStore, 'readStream'>;
  readonly runtime: SagaRuntime;
  readonly requests: MessageRequests;
  readonly bodies: MessageBodies;
  readonly clock: Clock;
}

const ONE = `${WEBHOOKS_PATH}/:subscriptionId`;
const DELIVERIES = `${ONE}/deliveries`;
const OPTIONAL_JSON = { ...JSON_BODY, optional: true };
/** Longest `Prefer: wait`. */
const MAX_WAIT_SECONDS = 30;
const NOT_FOUND = { 404: { description: 'There is none, or it is not yours' } };
const DISABLED = { 409: { description: 'The subscription is disabled' } };

const testResult = z
  .object({
    messageId: z.uuid(),
    status: z.enum(['pending', 'delivered', 'discarded']).describe('`discarded`: it was not taken, and is not tried again'),
    attempt: deliveryAct.optional().describe('once it was made'),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'WebhookTest' });
const resendBody = z
  .strictObject({ reason: lines(500).default('asked for').describe('Why; kept in the history, in clear: no personal data') })
  .meta({ id: 'ResendWebhook' });
const recoverBody = z
  .strictObject({
    since: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-20T10:00:00Z' }).describe('What happened from then on'),
  })
  .meta({ id: 'RecoverWebhooks' });

/** What became of messages, and sending them again. */
export const deliveryRoutes = (context: DeliveryRoutesContext): readonly Route[] => [
  {
    method: 'GET',
    path: DELIVERIES,
    scopes: WEBHOOK_SCOPES,
    operation: {
      ...documented('listWebhookDeliveries', 'Messages of a subscription, newest first'),
      query: DELIVERY_QUERY,
      responses: { 200: { description: 'A page', schema: deliveryPage }, ...NOT_FOUND },
    },
    handle: async (request) => {
      const find = deliveryQuery(request.params['subscriptionId'] ?? '', readQuery(request, DELIVERY_QUERY));
      subscriptionOf(request, context.directory);
      const { items, next } = await find(context.documents);
      return { status: 200, body: { items: items.map(viewOfDelivery), ...(next !== undefined && { next }) } };
    },
  },
  {
    method: 'GET',
    path: `${DELIVERIES}/:messageId`,
    scopes: WEBHOOK_SCOPES,
    operation: {
      ...documented('getWebhookDelivery', 'One message: what was sent, and what came of every attempt'),
      responses: { 200: { description: 'The message', schema: deliveryDetail }, ...NOT_FOUND },
    },
    handle: async (request) => {
      const subscription = subscriptionOf(request, context.directory);
      return { status: 200, body: await detailOf(context, subscription, await messageOf(context, request, subscription)) };
    },
  },
  {
    method: 'POST',
    path: `${DELIVERIES}/:messageId/resend`,
    scopes: WEBHOOK_SCOPES,
    body: OPTIONAL_JSON,
    operation: {
      ...documented('resendWebhook', 'Send a message again, whatever became of it'),
      description:
        'The same message under the same id, with a whole new round of attempts. Receivers that have it already know it by its id.',
      requestSchema: resendBody,
      requestExample: { reason: 'the shop lost its database' },
      responses: {
        202: {
          description: 'It is sent as soon as it is its turn',
          schema: z.object({ messageId: z.uuid(), status: z.literal('pending') }),
        },
        ...NOT_FOUND,
        ...DISABLED,
      },
    },
    handle: async (request) => {
      const subscription = subscriptionOf(request, context.directory);
      const { reason } = parseOrFault(resendBody, request.body ?? {});
      const { messageId, objectId, subscriptionId } = await messageOf(context, request, subscription);
      requireEnabled(subscription);
      const { by, ...traced } = actOf(request);
      await context.runtime.execute(
        deliveryStream(subscriptionId, objectId),
        { type: 'Resend', messageId, by, reason },
        { actor: by, ...traced },
      );
      return { status: 202, body: { messageId, status: 'pending' } };
    },
  },
  {
    method: 'POST',
    path: `${ONE}/recover`,
    scopes: WEBHOOK_SCOPES,
    body: JSON_BODY,
    operation: {
      ...documented('recoverWebhooks', 'Send everything since a time that was not delivered'),
      description:
        'What the subscription was never sent, because it did not exist, was disabled or did not want that type, and what was given up. What was ' +
        'delivered, or is still being tried, stays as it is. It is done in the background: `recoveries` of the subscription tells when, and how much there was.',
      requestSchema: recoverBody,
      requestExample: { since: '2026-11-20T10:00:00Z' },
      responses: { 202: { description: 'It is being done', schema: subscriptionView }, ...NOT_FOUND, ...DISABLED },
    },
    handle: async (request) => {
      const { subscriptionId } = subscriptionOf(request, context.directory);
      const { since } = parseOrFault(recoverBody, request.body);
      const subscription = await context.directory.requestRecovery(subscriptionId, new Date(since).toISOString(), actOf(request));
      return { status: 202, body: viewOf(subscription) };
    },
  },
  {
    method: 'POST',
    path: `${ONE}/test`,
    scopes: WEBHOOK_SCOPES,
    operation: {
      ...documented('testWebhookSubscription', 'Send a test message, once'),
      description: `A message of the type \`${TEST_TYPE}\`, signed like any other. It is not repeated; with \`Prefer: wait=N\` the answer tells what came of it.`,
      headers: PREFER_WAIT_HEADER,
      responses: { 202: { description: 'It is being sent, or was', schema: testResult }, ...NOT_FOUND, ...DISABLED },
    },
    handle: (request) => test(context, request),
  },
];

const messageOf = async (
  { documents }: DeliveryRoutesContext,
  request: ApiRequest,
  { subscriptionId }: Subscription,
): Promise<WebhookMessage> => {
  const messageId = request.params['messageId'] ?? '';
  const found = (await documents.get(WEBHOOK_MESSAGES, messageId))?.body as WebhookMessage | undefined;
  if (found?.subscriptionId !== subscriptionId) throw new NotFoundError(`webhook message ${messageId}`);
  return found;
};

const detailOf = async (
  { store, bodies }: DeliveryRoutesContext,
  { url }: Subscription,
  message: WebhookMessage,
): Promise<z.output<typeof deliveryDetail>> => {
  const { messageId, subscriptionId, objectId, source, occurredAt } = message;
  const body = source ? await bodies.bodyOf(source) : testBody(subscriptionId, occurredAt);
  const events = await store.readStream(deliveryStream(subscriptionId, objectId));
  return {
    ...viewOfDelivery(message),
    request: { url, headers: { 'content-type': 'application/json', 'webhook-id': messageId }, body },
    history: [...historyOf(events, messageId)],
  };
};

const test = async (context: DeliveryRoutesContext, request: ApiRequest): Promise<ApiResponse> => {
  const subscription = subscriptionOf(request, context.directory);
  requireEnabled(subscription);
  const { subscriptionId, partnerId } = subscription;
  const { by, correlationId = newId(), traceparent } = actOf(request);
  const messageId = randomId();
  const objectId = `test-${messageId}`;
  const stream = deliveryStream(subscriptionId, objectId);
  const occurredAt = new Date(context.clock.now()).toISOString();
  const body = { messageId, subscriptionId, objectId, type: TEST_TYPE, occurredAt, ordered: false };
  await context.requests.write([{ stream, body, partnerId, correlationId, traceparent, actor: by }]);
  const wait = waitSecondsOf(request.headers['prefer'], MAX_WAIT_SECONDS);
  if (wait !== undefined) await context.runtime.settled(stream, wait * 1_000, request.signal);
  const attempt = historyOf(await context.store.readStream(stream), messageId).find(({ kind }) => kind === 'attempt');
  return {
    status: 202,
    ...(wait !== undefined && { headers: waitApplied(wait) }),
    body: { messageId, status: statusOf(attempt), ...(attempt && { attempt }), links: { self: deliveryPath(subscriptionId, messageId) } },
  };
};

const statusOf = (attempt: DeliveryAct | undefined): z.output<typeof testResult>['status'] =>
  attempt === undefined ? 'pending' : attempt.outcome === 'delivered' ? 'delivered' : 'discarded';

function documented(operationId: string, summary: string): Pick<OperationDoc, 'operationId' | 'summary' | 'tag'> {
  return { operationId, summary, tag: 'Webhooks' };
}
