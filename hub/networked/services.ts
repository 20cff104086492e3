import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { tracedHttpClient } from '@sagahub/adapters/http/traced-client.ts';
import { openUpstream } from '@sagahub/adapters/http/upstream.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports, Service } from '@sagahub/contracts/service.ts';
import { forwardedRoutes } from '@sagahub/gateway/routing/forward.ts';
import { upstreamBreaker } from '@sagahub/gateway/routing/upstream-breaker.ts';
import { startIntegration } from '@sagahub/integration-service/service.ts';
import { StreamRuntime } from '@sagahub/orchestration-service/engine/runtime.ts';
import { startInventory } from '@sagahub/orchestration-service/inventory/start.ts';
import { type FlowRegistration, startOrchestration } from '@sagahub/orchestration-service/service.ts';
import { restErpOptions } from '@sagahub/outbound-service/config.ts';
import { restErpConnector } from '@sagahub/outbound-service/connectors/rest/connector.ts';
import { startOutbound } from '@sagahub/outbound-service/service.ts';
import { startReadModel } from '@sagahub/read-model/service.ts';
import type { HubConfig } from '../config.ts';
import { allFlows, orderRegistration } from '../flows.ts';
import { openWebhooks } from '../webhooks.ts';

/** The services that have a process of their own behind the gateway. */
export const SERVICES = ['integration-service', 'orchestration-service', 'outbound-service', 'read-model'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Starts one service in this process. */
export const startService = async (name: ServiceName, config: HubConfig, ports: Ports): Promise<StartedService> => {
  const orders = orderRegistration(config.orchestration, ports);
  const runtime = new StreamRuntime(allFlows(orders), ports, { soleWorker: false, takesWork: config.hub.workers });
  return { service: await serviceOf(name, config, ports, runtime, orders), runtime };
};

export interface StartedService {
  readonly service: Service;
  readonly runtime: SagaRuntime;
}

const serviceOf = async (
  name: ServiceName,
  config: HubConfig,
  ports: Ports,
  runtime: StreamRuntime,
  orders: FlowRegistration,
): Promise<Service> => {
  switch (name) {
    case 'integration-service':
      return startIntegration(config.integration, ports, runtime);
    case 'orchestration-service': {
      const service = await startOrchestration(config.orchestration, ports, runtime, [orders]);
      return closedWith(service, startInventory(ports));
    }
    case 'outbound-service': {
      const pool = openHttpClient({ connectionsPerOrigin: config.outbound.erpConcurrency });
      const http = tracedHttpClient(pool, ports.telemetry);
      const erp = restErpConnector(restErpOptions(config.outbound), { http, clock: ports.clock });
      const webhooks = openWebhooks(config);
      return closedWith(await startOutbound(config.outbound, ports, runtime, [erp], webhooks, http), webhooks, erp, pool);
    }
    case 'read-model':
      return startReadModel(config.readModel, ports, runtime);
  }
};

/** A service that takes others with it when it is closed. */
const closedWith = (service: Service, ...others: readonly AsyncDisposable[]): Service => ({
  ...service,
  async [Symbol.asyncDispose]() {
    await service[Symbol.asyncDispose]();
    for (const other of others) await other[Symbol.asyncDispose]();
  },
});

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
