import type { Ports } from '@sagahub/contracts/service.ts';
import type { OrchestrationConfig } from '@sagahub/orchestration-service/config.ts';
import { orderFlow } from '@sagahub/orchestration-service/flows/order/flow.ts';
import { orderParticipants } from '@sagahub/orchestration-service/flows/order/participants.ts';
import { inventoryRoutes } from '@sagahub/orchestration-service/inventory/routes.ts';
import type { FlowRegistration } from '@sagahub/orchestration-service/service.ts';

/** Name of the connector orders are delivered through. */
export const ERP = 'erp';

export const orderRegistration = (config: OrchestrationConfig, ports: Ports): FlowRegistration => ({
  flow: orderFlow({ connector: ERP, overdueAfterMs: config.erpOverdueAfterMs, deadlineMs: config.erpDeadlineMs }),
  participants: orderParticipants(ports),
  routes: inventoryRoutes(ports),
});
