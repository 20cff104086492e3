import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { tracedHttpClient } from '@sagahub/adapters/http/traced-client.ts';
import type { Ports, Service } from '@sagahub/contracts/service.ts';
import type { StreamRuntime } from '@sagahub/orchestration-service/engine/runtime.ts';
import { startOutbound } from '@sagahub/outbound-service/service.ts';
import { openBroadcast } from '../broadcast.ts';
import type { HubConfig } from '../config.ts';
import { connectionsOf, openConnectors } from '../connectors.ts';
import { openWebhooks } from '../webhooks.ts';
import { closedWith } from './closed-with.ts';

/** The outbound service with what it calls third parties through. */
export const startOutboundWithClients = async (config: HubConfig, ports: Ports, runtime: StreamRuntime): Promise<Service> => {
  const pool = openHttpClient({ connectionsPerOrigin: connectionsOf(config.outbound) });
  const http = tracedHttpClient(pool, ports.telemetry);
  const lines = openConnectors(config.outbound, { http, clock: ports.clock });
  const webhooks = openWebhooks(config);
  const broadcast = await openBroadcast(config.outbound, ports);
  const service = await startOutbound(config.outbound, ports, runtime, lines, webhooks, http, broadcast);
  return closedWith(service, ...(broadcast ? [broadcast] : []), webhooks, ...lines.map(({ connector }) => connector), pool);
};
