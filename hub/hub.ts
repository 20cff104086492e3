import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { startHttpServer } from '@sagahub/adapters/http/server.ts';
import { tracedHttpClient } from '@sagahub/adapters/http/traced-client.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { openDataFolder } from '@sagahub/adapters/process/data-folder.ts';
import type { LogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { openTelemetry } from '@sagahub/adapters/telemetry/open-telemetry.ts';
import { observeHints, observeOpenWork } from '@sagahub/adapters/telemetry/port-gauges.ts';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { gatewaySettings, readTls } from '@sagahub/gateway/config.ts';
import { startGateway } from '@sagahub/gateway/service.ts';
import { startIntegration } from '@sagahub/integration-service/service.ts';
import { StreamRuntime } from '@sagahub/orchestration-service/engine/runtime.ts';
import { startInventory } from '@sagahub/orchestration-service/inventory/start.ts';
import { UnfinishedLoads } from '@sagahub/orchestration-service/inventory/unfinished-loads.ts';
import { startOrchestration } from '@sagahub/orchestration-service/service.ts';
import { restErpOptions } from '@sagahub/outbound-service/config.ts';
import { restErpConnector } from '@sagahub/outbound-service/connectors/rest/connector.ts';
import { startOutbound } from '@sagahub/outbound-service/service.ts';
import { startReadModel } from '@sagahub/read-model/service.ts';
import { ensureAdmin } from './admin-client.ts';
import { openBroadcast } from './broadcast.ts';
import type { HubConfig } from './config.ts';
import { type DemoCredentials, ensureDemoClients, isDemo, openErpBehind } from './demo-installation.ts';
import { openEmbeddedPorts } from './embedded-ports.ts';
import { startGrpc } from './grpc.ts';
import { allFlows, closedFlows, orderRegistration, QUEUES } from './flows.ts';
import { inboundHealth, startInboundOrders } from './inbound.ts';
import { metricsRoute } from './metrics-route.ts';
import { resumeClock } from './resume-clock.ts';
import { VERSION } from './version.ts';
import { openWebhooks } from './webhooks.ts';

export interface RunningHub extends AsyncDisposable {
  readonly url: string;
  readonly managementUrl: string;
  /** Where gRPC is served; absent where it is not. */
  readonly grpcAddress: string | undefined;
  /** Absolute. */
  readonly dataFolder: string;
  /** Where the built-in ERP simulator answers; absent with a real ERP. */
  readonly simulatorUrl: string | undefined;
  /** Absent where others than this machine can reach the hub. */
  readonly demo: DemoCredentials | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Finishes the requests in hand and takes no more, then closes every part, newest first. */
  stop(): Promise<void>;
}

/** Where something else can be put in, for tests that move time or break the hub on purpose. A hub that is run has none of these. */
export interface HubSeams {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Comes between the database of the log and the ports on it. */
  readonly log?: (log: LogDatabase) => LogDatabase;
  /** Comes between the ports and the services. */
  readonly ports?: (ports: Ports) => Ports;
  /** Of log lines. Default: standard error. */
  readonly logTo?: NodeJS.WritableStream;
}

/** Runs every service in this process. If one fails to start, those before it are closed, newest first. */
export const startHub = async (config: HubConfig, env: NodeJS.ProcessEnv, seams: HubSeams = {}): Promise<RunningHub> => {
  try {
    return await compose(config, env, seams);
  } catch (error) {
    if (!(error instanceof UnavailableError && error.code === 'HUB_READ_MODEL_DAMAGED')) throw error;
    // Whoever met the damage has marked the file: now it is opened empty, and filled from the log.
    return compose(config, env, seams);
  }
};

const compose = async (config: HubConfig, env: NodeJS.ProcessEnv, seams: HubSeams): Promise<RunningHub> => {
  await using started = new AsyncDisposableStack();
  if (config.hub.profile !== 'embedded')
    throw new ConfigurationError([
      'HUB_PROFILE: the networked profile runs each service in a process of its own, such as `node gateway/main.ts`; see docs/deployment.md',
    ]);
  const folder = started.use(openDataFolder(config.hub.dataDir));
  const { clock = systemClock(), logTo = process.stderr } = seams;
  const telemetry = started.use(
    await openTelemetry({
      serviceName: 'sagahub',
      version: VERSION,
      level: config.telemetry.logLevel,
      env,
      dataDir: folder.path,
      logTo,
      pretty: logTo === process.stderr && process.stderr.isTTY,
    }),
  );
  const { strictInventory } = config.orchestration;
  const opened = started.use(await openEmbeddedPorts({ folder, strictInventory, clock, telemetry, wrapLog: seams.log }));
  const ports = seams.ports?.(opened) ?? opened;
  await resumeClock(clock, ports.store, telemetry.logger);

  const simulator = await openErpBehind(config, folder, ports);
  if (simulator) started.use(simulator);
  const pool = started.use(openHttpClient({ connectionsPerOrigin: config.outbound.erpConcurrency }));
  const http = tracedHttpClient(pool, telemetry);
  const erp = started.use(restErpConnector(restErpOptions(config.outbound, simulator?.url), { http, clock }));

  const unfinishedLoads = new UnfinishedLoads();
  const orders = orderRegistration(config.orchestration, ports, unfinishedLoads);
  const runtime = new StreamRuntime(allFlows(orders), ports, { soleWorker: true, takesWork: config.hub.workers });
  const integration = started.use(await startIntegration(config.integration, ports, runtime, closedFlows()));
  const orchestration = started.use(await startOrchestration(config.orchestration, ports, runtime, [orders]));
  started.use(startInventory(ports, unfinishedLoads));
  const webhooks = started.use(openWebhooks(config));
  const broadcast = await openBroadcast(config.outbound, ports);
  if (broadcast) started.use(broadcast);
  const outbound = started.use(await startOutbound(config.outbound, ports, runtime, [erp], webhooks, http, broadcast));
  const readModel = started.use(await startReadModel(config.readModel, ports, runtime));
  const inbound = inboundHealth();
  const services = [integration, orchestration, outbound, readModel, inbound.service];
  observe(ports, QUEUES);

  const gateway = started.use(await startGateway(config.gateway, ports, { services, audits: true, version: VERSION }));
  if (config.hub.adminSecret !== undefined) await ensureAdmin(gateway, config.hub.adminSecret);
  const { authenticator } = gateway;
  inbound.run(
    started.use(await startInboundOrders({ config: config.integration, ports, runtime, routes: integration.routes, authenticator })),
  );
  const demo = isDemo(config) ? await ensureDemoClients(config, folder, gateway) : undefined;
  const management = started.use(
    await startHttpServer({
      host: config.gateway.managementHost,
      port: config.gateway.managementPort,
      portSetting: gatewaySettings.managementPort.env,
      routes: [...gateway.managementRoutes, metricsRoute(() => telemetry.metricsText())],
      telemetry,
    }),
  );
  const api = started.use(
    await startHttpServer({
      host: config.gateway.host,
      port: config.gateway.port,
      portSetting: gatewaySettings.port.env,
      tls: readTls(config.gateway),
      bodyTimeoutMs: config.gateway.bodyTimeoutMs,
      headersTimeoutMs: config.gateway.headersTimeoutMs,
      trustedProxies: config.gateway.trustedProxies,
      routes: gateway.publicRoutes,
      authenticator: gateway.authenticator,
      limiter: gateway.limiter,
      telemetry,
      onDrain: () => gateway.stopServing(),
    }),
  );
  const grpc = await startGrpc(config.gateway, gateway, telemetry);
  if (grpc) started.use(grpc);
  telemetry.logger.info('ready', { url: api.url, grpcAddress: grpc?.address, version: VERSION });
  const running = started.move();
  return {
    url: api.url,
    managementUrl: management.url,
    grpcAddress: grpc?.address,
    dataFolder: folder.path,
    simulatorUrl: simulator?.url,
    demo,
    logger: telemetry.logger,
    clock,
    async stop() {
      const draining = { timeoutMs: config.gateway.drainTimeoutMs, delayMs: config.gateway.drainDelayMs };
      await Promise.all([api.drain(draining), grpc?.drain(draining)]);
      await running.disposeAsync();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const observe = ({ openWork, bus, clock, telemetry }: Ports, queues: readonly string[]): void => {
  observeOpenWork(openWork, [...queues, OPERATOR_QUEUE], clock, telemetry);
  observeHints(bus, queues, telemetry);
};
