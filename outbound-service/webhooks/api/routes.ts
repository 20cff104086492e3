import type { Route } from '@sagahub/contracts/api/route.ts';
import { deliveryRoutes, type DeliveryRoutesContext } from './delivery-routes.ts';
import { subscriptionRoutes, type SubscriptionRoutesContext } from './subscription-routes.ts';

/** Everything about webhooks that partners and operators can ask for. */
export const webhookRoutes = (context: SubscriptionRoutesContext & DeliveryRoutesContext): readonly Route[] => [
  ...subscriptionRoutes(context),
  ...deliveryRoutes(context),
];
