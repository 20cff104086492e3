import { INBOUND_QUEUE } from '@sagahub/contracts/messages/inbound.ts';
import { PAYMENT } from '@sagahub/contracts/messages/payment.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { OrchestrationConfig } from '@sagahub/orchestration-service/config.ts';
import { inboundFlow } from '@sagahub/orchestration-service/flows/inbound/flow.ts';
import { orderFlow } from '@sagahub/orchestration-service/flows/order/flow.ts';
import { orderParticipants } from '@sagahub/orchestration-service/flows/order/participants.ts';
import { inventoryRoutes } from '@sagahub/orchestration-service/inventory/routes.ts';
import type { UnfinishedLoads } from '@sagahub/orchestration-service/inventory/unfinished-loads.ts';
import { REFUSAL_QUEUE } from '@sagahub/contracts/messages/consumer.ts';
import { refusalFlow } from '@sagahub/outbound-service/broadcast/refusals/flow.ts';
import { paymentFlow } from '@sagahub/orchestration-service/flows/payment/flow.ts';
import { PAYMENT_QUEUE } from '@sagahub/orchestration-service/flows/payment/steps.ts';
import { PAYMENT_PROCESSOR } from '@sagahub/outbound-service/connectors/payment-processor/connector.ts';
import { ALERT_QUEUE, alertFlow } from '@sagahub/outbound-service/alerts/flow.ts';
import { REDRIVE_QUEUE, redriveFlow } from '@sagahub/outbound-service/redrives/flow.ts';
import { deliveryFlow, WEBHOOK_QUEUE } from '@sagahub/outbound-service/webhooks/deliveries/flow.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import type { FlowRegistration } from '@sagahub/orchestration-service/service.ts';

/** Name of the connector orders are delivered through. */
export const ERP = 'erp';

/** @param unfinished where loads of stock and discounts that fail are noted */
export const orderRegistration = (config: OrchestrationConfig, ports: Ports, unfinished: UnfinishedLoads): FlowRegistration => ({
  flow: orderFlow({ connector: ERP, overdueAfterMs: config.erpOverdueAfterMs, deadlineMs: config.erpDeadlineMs }),
  participants: orderParticipants(ports),
  routes: inventoryRoutes({ ...ports, unfinished }),
});

/** Payments are worked on whether or not new ones are taken: what is under way ends. */
export const paymentRegistration = (config: OrchestrationConfig): FlowRegistration => ({
  flow: paymentFlow({
    connector: PAYMENT_PROCESSOR,
    overdueAfterMs: config.paymentOverdueAfterMs,
    expiresAfterMs: config.paymentExpiresAfterMs,
  }),
  participants: {},
  routes: [],
});

/** The flows of partners, by the sagas that drive them. */
export const partnerFlows = (config: OrchestrationConfig, ports: Ports, unfinished: UnfinishedLoads): readonly FlowRegistration[] => [
  orderRegistration(config, ports, unfinished),
  paymentRegistration(config),
];

/** Every flow that the engine runs. */
export const allFlows = (partners: readonly FlowRegistration[]): readonly Flow[] => [
  ...partners.map(({ flow }) => flow),
  deliveryFlow,
  inboundFlow,
  redriveFlow,
  alertFlow,
  refusalFlow,
];

/**
 * Flows whose requests are refused here, by name: what there is to do about it.
 * @param processorUrl of the payment processor, or of the simulator that stands for it
 */
export const closedFlows = (processorUrl: string | undefined): Readonly<Record<string, string>> =>
  processorUrl === undefined
    ? { [PAYMENT]: 'payments are not taken here: no payment processor is configured. The operator has to set PAYMENT_PROCESSOR_URL' }
    : {};

/** Every queue of hints. */
export const QUEUES: readonly string[] = [
  'orchestration.order',
  `outbound.${ERP}`,
  PAYMENT_QUEUE,
  `outbound.${PAYMENT_PROCESSOR}`,
  WEBHOOK_QUEUE,
  INBOUND_QUEUE,
  REDRIVE_QUEUE,
  ALERT_QUEUE,
  REFUSAL_QUEUE,
];
