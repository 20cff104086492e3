import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports, Service } from '@sagahub/contracts/service.ts';
import type { IntegrationConfig } from './config.ts';
import { openErasures } from './erasure/erasures.ts';
import { erasureRoutes } from './erasure/routes.ts';
import { FLOWS } from './flows.ts';
import { closedRoutes } from './intake/flow-intake.ts';

/**
 * Takes business requests in: validates them, seals the personal part, finds out whether they are new, and puts them into the log.
 * Erases what it sealed. Holds no state of its own.
 * @param closed flows whose requests are refused here, by name: what there is to do about it
 */
export const startIntegration = async (
  config: IntegrationConfig,
  ports: Ports,
  runtime: SagaRuntime,
  closed: Readonly<Record<string, string>> = {},
): Promise<Service> => {
  const intakes = await Promise.all(
    FLOWS.map(async ({ flow, open, routes }) => {
      const served = routes(await open(config, ports, runtime));
      const advice = closed[flow];
      return advice === undefined ? served : closedRoutes(served, advice);
    }),
  );
  return {
    name: 'integration-service',
    routes: [...intakes.flat(), ...erasureRoutes(await openErasures(ports))],
    health: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};
