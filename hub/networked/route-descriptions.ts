import type { Route } from '@sagahub/contracts/api/route.ts';
import { erasureRoutes } from '@sagahub/integration-service/erasure/routes.ts';
import { FLOWS } from '@sagahub/integration-service/flows.ts';
import { breakerRoutes } from '@sagahub/outbound-service/admin/breakers.ts';
import { OPERATOR_FACES } from '@sagahub/outbound-service/admin/flows.ts';
import { objectActRoutes } from '@sagahub/outbound-service/admin/object-acts.ts';
import { deadLetterRoutes } from '@sagahub/outbound-service/admin/dead-letters.ts';
import { consumerRoutes } from '@sagahub/outbound-service/broadcast/routes.ts';
import { paymentCallbackRoutes } from '@sagahub/outbound-service/connectors/payment-processor/callback.ts';
import { webhookRoutes } from '@sagahub/outbound-service/webhooks/api/routes.ts';
import { redriveRoutes } from '@sagahub/outbound-service/redrives/routes.ts';
import { inventoryRoutes } from '@sagahub/orchestration-service/inventory/routes.ts';
import { readModelRoutes } from '@sagahub/read-model/routes.ts';
import type { ServiceName } from './services.ts';

/** Stands for what a service works with, where only the description of its routes is wanted. Using it is a mistake. */
const absent: any = new Proxy(
  () => {
    throw new Error('this process describes the service, it does not run it');
  },
  { get: () => absent },
);

/** What each service serves, for the gateway to check, document and pass on. The handlers of these routes must not be called. */
export const ROUTES_OF: Readonly<Record<ServiceName, readonly Route[]>> = {
  'integration-service': [...FLOWS.flatMap(({ routes }) => routes(absent)), ...erasureRoutes(absent)],
  'orchestration-service': inventoryRoutes(absent),
  'outbound-service': [
    ...breakerRoutes(new Map()),
    ...deadLetterRoutes(absent, absent),
    ...redriveRoutes(absent, absent),
    ...OPERATOR_FACES.flatMap((face) => objectActRoutes(face, absent, absent)),
    ...paymentCallbackRoutes(absent),
    ...webhookRoutes(absent),
    ...consumerRoutes(absent),
  ],
  'read-model': readModelRoutes(absent, absent),
};
