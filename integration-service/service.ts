import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports, Service } from '@sagahub/contracts/service.ts';
import type { IntegrationConfig } from './config.ts';
import { openErasures } from './erasure/erasures.ts';
import { erasureRoutes } from './erasure/routes.ts';
import { orderHandlers } from './orders/handlers.ts';
import { openIntake } from './orders/intake.ts';
import { openResubmission } from './orders/resubmission.ts';
import { orderRoutes } from './orders/routes.ts';

/**
 * Takes business requests in: validates them, seals the personal part, finds out whether they are new, and puts them into the log.
 * Erases what it sealed. Holds no state of its own.
 */
export const startIntegration = async (config: IntegrationConfig, ports: Ports, runtime: SagaRuntime): Promise<Service> => {
  const { store, telemetry } = ports;
  const intake = await openIntake(ports, config.duplicateCacheMs);
  const resubmit = openResubmission(store, runtime, intake);
  const handlers = orderHandlers({ intake, resubmit, runtime, telemetry, maxWaitMs: config.maxWaitMs });
  return {
    name: 'integration-service',
    routes: [...orderRoutes(handlers), ...erasureRoutes(await openErasures(ports))],
    health: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};
