import { type ApiRequest, principalOf } from '@sagahub/contracts/api/route.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Act, SubscriptionDirectory } from '../subscriptions/directory.ts';
import type { Subscription } from '../subscriptions/state.ts';

/** A partner works on its own subscriptions, an operator on all of them. */
export const WEBHOOK_SCOPES = ['webhooks:manage', 'admin'] as const;
export const WEBHOOKS_PATH = '/api/v1/webhooks';

export const actOf = (request: ApiRequest): Act => ({
  by: `client:${principalOf(request).clientId}`,
  correlationId: request.correlationId,
  traceparent: request.traceparent,
});

/** The subscription of the path. @throws NotFoundError there is none, or it is somebody else's */
export const subscriptionOf = (request: ApiRequest, directory: SubscriptionDirectory): Subscription => {
  const subscription = directory.get(request.params['subscriptionId'] ?? '');
  const { partnerId, scopes } = principalOf(request);
  if (subscription.partnerId !== partnerId && !scopes.has('admin'))
    throw new NotFoundError(`webhook subscription ${subscription.subscriptionId}`);
  return subscription;
};
