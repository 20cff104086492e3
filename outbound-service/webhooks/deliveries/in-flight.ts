import type { SubscriptionRegistry } from '../subscriptions/registry.ts';

/** What the endpoints of one partner may take together of everything that is sent at once. */
const PARTNERS_SHARE = 1 / 4;
/** Of an endpoint that nothing is known of any more. */
const UNKNOWN_IN_FLIGHT = 1;

/**
 * Messages on the way to an endpoint at once, in this process: what its subscription says, and no more than its part of what its partner may
 * take. Endpoints that answer late but well get no rest, and a partner with many of them would otherwise hold up everybody else's messages.
 */
export const inFlightOf = (
  registry: Pick<SubscriptionRegistry, 'get' | 'enabledOf'>,
  subscriptionId: string,
  concurrency: number,
): number => {
  const subscription = registry.get(subscriptionId);
  if (!subscription) return UNKNOWN_IN_FLIGHT;
  const { partnerId, maxInFlight } = subscription;
  const part = Math.floor((concurrency * PARTNERS_SHARE) / Math.max(1, registry.enabledOf(partnerId)));
  return Math.max(1, Math.min(maxInFlight, part));
};
