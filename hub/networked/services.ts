import { openUpstream } from '@sagahub/adapters/http/upstream.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports, Service } from '@sagahub/contracts/service.ts';
import { forwardedRoutes } from '@sagahub/gateway/routing/forward.ts';
import { upstreamBreaker } from '@sagahub/gateway/routing/upstream-breaker.ts';
import { StreamRuntime } from '@sagahub/orchestration-service/engine/runtime.ts';
import { UnfinishedLoads } from '@sagahub/orchestration-service/inventory/unfinished-loads.ts';
import type { FlowRegistration } from '@sagahub/orchestration-service/service.ts';
import type { HubConfig } from '../config.ts';
import { allFlows, closedFlows, partnerFlows } from '../flows.ts';
import { closedWith } from './closed-with.ts';

/** The services that have a process of their own behind the gateway. */
export const SERVICES = ['integration-service', 'orchestration-service', 'outbound-service', 'read-model'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Starts one service in this process. */
export const startService = async (name: ServiceName, config: HubConfig, ports: Ports): Promise<StartedService> => {
  const unfinishedLoads = new UnfinishedLoads();
  const partners = partnerFlows(config.orchestration, ports, unfinishedLoads);
  const runtime = new StreamRuntime(allFlows(partners), ports, { soleWorker: false, takesWork: config.hub.workers });
  return { service: await serviceOf(name, config, ports, runtime, partners, unfinishedLoads), runtime };
};

export interface StartedService {
  readonly service: Service;
  readonly runtime: SagaRuntime;
}

/** A process loads the code of its own service alone: all of them would take it half a second of CPU more at each start. */
const serviceOf = async (
  name: ServiceName,
  config: HubConfig,
  ports: Ports,
  runtime: StreamRuntime,
  partners: readonly FlowRegistration[],
  unfinishedLoads: UnfinishedLoads,
): Promise<Service> => {
  switch (name) {
    case 'integration-service': {
      const { startIntegration } = await import('@sagahub/integration-service/service.ts');
      return startIntegration(config.integration, ports, runtime, closedFlows(config.outbound.processorUrl));
    }
    case 'orchestration-service': {
      const { startOrchestration } = await import('@sagahub/orchestration-service/service.ts');
      const { startInventory } = await import('@sagahub/orchestration-service/inventory/start.ts');
      const service = await startOrchestration(config.orchestration, ports, runtime, partners);
      return closedWith(service, startInventory(ports, unfinishedLoads));
    }
    case 'outbound-service': {
      const { startOutboundWithClients } = await import('./outbound.ts');
      return startOutboundWithClients(config, ports, runtime);
    }
    case 'read-model': {
      const { startReadModel } = await import('@sagahub/read-model/service.ts');
      return startReadModel(config.readModel, ports, runtime);
    }
  }
};

/** A service in another process, as the gateway sees it: its routes, passed on. */
export const remoteService = (name: ServiceName, urls: string, routes: readonly Route[]): Service => {
  const upstream = openUpstream({ name, urls: urls.split(',').map((url) => url.trim().replace(/\/$/, '')) });
  const breaker = upstreamBreaker(name);
  return {
    name,
    routes: forwardedRoutes(routes, upstream, breaker),
    health: () =>
      Promise.resolve([
        { name: `${name}:reachable`, status: breaker.isOpen ? 'warn' : 'pass', ...(breaker.isOpen && { output: 'does not answer' }) },
      ]),
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
};
