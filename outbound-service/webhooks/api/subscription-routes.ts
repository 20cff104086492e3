import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { readQuery } from '@sagahub/contracts/api/parameters.ts';
import { operatorReasonBody } from '@sagahub/contracts/api/reason.ts';
import { JSON_BODY, type OperationDoc, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import type { SubscriberClient } from '@sagahub/contracts/ports/http-client.ts';
import { z } from 'zod';
import type { SubscriptionDirectory } from '../subscriptions/directory.ts';
import type { SubscriptionRegistry } from '../subscriptions/registry.ts';
import { actOf, subscriptionOf, WEBHOOK_SCOPES, WEBHOOKS_PATH } from './access.ts';
import { requireEndpoint } from './endpoint-url.ts';
import * as schemas from './schemas.ts';

export interface SubscriptionRoutesContext {
  readonly directory: SubscriptionDirectory;
  readonly registry: SubscriptionRegistry;
  readonly client: Pick<SubscriberClient, 'examine'>;
  readonly allowHttp: boolean;
}

const ONE = `${WEBHOOKS_PATH}/:subscriptionId`;
const OPTIONAL_JSON = { ...JSON_BODY, optional: true };
const PATCH_BODY = { types: { 'application/merge-patch+json': 'json', 'application/json': 'json' } } as const;
const NOT_FOUND = { 404: { description: 'There is no such subscription, or it is not yours' } };
const NO_ENDPOINT = { 422: { description: 'A field is wrong, or the URL is none that the hub may call' } };
const LIST_QUERY = {
  partnerId: { description: 'Subscriptions of this partner; operators only.', schema: z.string().max(255).optional() },
};
const EXAMPLE = { url: 'https://shop.example/webhooks/sagahub', types: ['order.completed', 'order.rejected'], description: 'ERP mirror' };

/** Who is told what, and where. */
export const subscriptionRoutes = ({ directory, registry, client, allowHttp }: SubscriptionRoutesContext): readonly Route[] => [
  {
    method: 'POST',
    path: WEBHOOKS_PATH,
    scopes: ['webhooks:manage'],
    body: JSON_BODY,
    operation: {
      ...documented('createWebhookSubscription', 'Subscribe an endpoint; its secret is shown this once'),
      requestSchema: schemas.createBody,
      requestExample: EXAMPLE,
      responses: {
        201: { description: 'Subscribed: what happens from now on is sent there', schema: schemas.newSecretView },
        409: { description: 'There are as many subscriptions as a partner may have' },
        ...NO_ENDPOINT,
      },
    },
    handle: async (request) => {
      const { description, ...settings } = parseOrFault(schemas.createBody, request.body);
      await requireEndpoint(settings.url, allowHttp, client);
      const { partnerId } = principalOf(request);
      const wanted = { ...settings, ...(description !== undefined && { description }) };
      const { subscription, secret } = await directory.create(partnerId, wanted, actOf(request));
      const headers = { location: `${WEBHOOKS_PATH}/${subscription.subscriptionId}` };
      return { status: 201, headers, body: { ...schemas.viewOf(subscription), secret } };
    },
  },
  {
    method: 'GET',
    path: WEBHOOKS_PATH,
    scopes: WEBHOOK_SCOPES,
    operation: {
      ...documented('listWebhookSubscriptions', 'Your subscriptions; an operator’s list has those of all partners'),
      query: LIST_QUERY,
      responses: { 200: { description: 'Oldest first', schema: schemas.subscriptionList } },
    },
    handle: async (request) => {
      const { partnerId: asked } = readQuery(request, LIST_QUERY);
      const { partnerId, scopes } = principalOf(request);
      const found = scopes.has('admin')
        ? asked === undefined
          ? registry.all()
          : registry.ofPartner(asked)
        : registry.ofPartner(partnerId);
      return { status: 200, body: { items: found.map(schemas.viewOf) } };
    },
  },
  {
    method: 'GET',
    path: ONE,
    scopes: WEBHOOK_SCOPES,
    operation: shown('getWebhookSubscription', 'One subscription'),
    handle: async (request) => ({ status: 200, body: schemas.viewOf(subscriptionOf(request, directory)) }),
  },
  {
    method: 'PATCH',
    path: ONE,
    scopes: WEBHOOK_SCOPES,
    body: PATCH_BODY,
    operation: {
      ...shown('changeWebhookSubscription', 'Change where messages go, and which', NO_ENDPOINT),
      requestSchema: schemas.changeBody,
      requestExample: { types: ['*'] },
    },
    handle: async (request) => {
      const { subscriptionId } = subscriptionOf(request, directory);
      const changes = parseOrFault(schemas.changeBody, request.body);
      if (changes.url !== undefined) await requireEndpoint(changes.url, allowHttp, client);
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      return { status: 200, body: schemas.viewOf(await directory.change(subscriptionId, given, actOf(request))) };
    },
  },
  {
    method: 'DELETE',
    path: ONE,
    scopes: WEBHOOK_SCOPES,
    operation: {
      ...documented('deleteWebhookSubscription', 'End a subscription for good; what was not delivered is discarded'),
      responses: { 204: { description: 'Ended' }, ...NOT_FOUND },
    },
    handle: async (request) => {
      await directory.delete(subscriptionOf(request, directory).subscriptionId, actOf(request));
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    path: `${ONE}/rotate-secret`,
    scopes: WEBHOOK_SCOPES,
    body: OPTIONAL_JSON,
    operation: {
      ...documented('rotateWebhookSecret', 'Draw a new secret; messages are signed with the former one too for a while longer'),
      requestSchema: schemas.rotateBody,
      requestExample: { overlapSeconds: 86_400 },
      responses: {
        200: { description: 'As it is now, with its new secret', schema: schemas.newSecretView },
        ...NOT_FOUND,
        409: { description: 'Somebody else rotated it at the same moment' },
      },
    },
    handle: async (request) => {
      const { subscriptionId } = subscriptionOf(request, directory);
      const { overlapSeconds } = parseOrFault(schemas.rotateBody, request.body ?? {});
      const { subscription, secret } = await directory.rotateSecret(subscriptionId, overlapSeconds * 1_000, actOf(request));
      return { status: 200, body: { ...schemas.viewOf(subscription), secret } };
    },
  },
  {
    method: 'POST',
    path: `${ONE}/disable`,
    scopes: WEBHOOK_SCOPES,
    body: JSON_BODY,
    operation: {
      ...shown('disableWebhookSubscription', 'Send nothing there from now on'),
      description: 'What happens meanwhile is not sent later by itself: recover it once the subscription is enabled again.',
      requestSchema: operatorReasonBody,
      requestExample: { reason: 'the shop moves to another host' },
    },
    handle: async (request) => {
      const { subscriptionId } = subscriptionOf(request, directory);
      const { reason } = parseOrFault(operatorReasonBody, request.body);
      return { status: 200, body: schemas.viewOf(await directory.disable(subscriptionId, 'manual', reason, actOf(request))) };
    },
  },
  {
    method: 'POST',
    path: `${ONE}/enable`,
    scopes: WEBHOOK_SCOPES,
    operation: shown('enableWebhookSubscription', 'Send what happens from now on'),
    handle: async (request) => {
      const { subscriptionId } = subscriptionOf(request, directory);
      return { status: 200, body: schemas.viewOf(await directory.enable(subscriptionId, actOf(request))) };
    },
  },
];

function documented(operationId: string, summary: string): Pick<OperationDoc, 'operationId' | 'summary' | 'tag'> {
  return { operationId, summary, tag: 'Webhooks' };
}

function shown(operationId: string, summary: string, problems: OperationDoc['responses'] = {}): OperationDoc {
  const responses = { 200: { description: 'As it is now', schema: schemas.subscriptionView }, ...NOT_FOUND, ...problems };
  return { ...documented(operationId, summary), responses };
}
