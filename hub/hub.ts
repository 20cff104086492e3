import { randomBytes } from 'node:crypto';
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
import { PAYMENT_CALLBACK_PATH } from '@sagahub/outbound-service/connectors/payment-processor/callback.ts';
import { startOutbound } from '@sagahub/outbound-service/service.ts';
import { startReadModel } from '@sagahub/read-model/service.ts';
import { ensureAdmin } from './admin-client.ts';
import { openBroadcast } from './broadcast.ts';
import type { HubConfig } from './config.ts';
import { type DemoCredentials, ensureDemoClients, isDemo, openErpBehind, openProcessorBehind } from './demo-installation.ts';
import { openEmbeddedPorts } from './embedded-ports.ts';
import { startGrpc } from './grpc.ts';
import { connectionsOf, openConnectors } from './connectors.ts';
import { allFlows, closedFlows, partnerFlows, QUEUES } from './flows.ts';
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
  /** Where the built-in simulator of a payment processor answers; absent with a real one, or none. */
  readonly paymentSimulatorUrl: string | undefined;
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
  const processor = await openProcessorBehind(config, folder, ports, simulator);
  if (processor) started.use(processor);
  // Whoever simulates the processor signs as the real one would.
  const outboundConfig = { ...config.outbound, callbackSecret: config.outbound.callbackSecret ?? (processor && drawnSecret()) };
  const pool = started.use(openHttpClient({ connectionsPerOrigin: connectionsOf(outboundConfig) }));
  const http = tracedHttpClient(pool, telemetry);
  const simulators = { erp: simulator?.url, processor: processor?.url };
  const connectors = openConnectors(outboundConfig, { http, clock }, simulators);
  for (const { connector } of connectors) started.use(connector);

  const unfinishedLoads = new UnfinishedLoads();
  const partners = partnerFlows(config.orchestration, ports, unfinishedLoads);
  const runtime = new StreamRuntime(allFlows(partners), ports, { soleWorker: true, takesWork: config.hub.workers });
  const integration = started.use(
    await startIntegration(config.integration, ports, runtime, closedFlows(outboundConfig.processorUrl ?? processor?.url)),
  );
  const orchestration = started.use(await startOrchestration(config.orchestration, ports, runtime, partners));
  started.use(startInventory(ports, unfinishedLoads));
  const webhooks = started.use(openWebhooks(config));
  const broadcast = await openBroadcast(config.outbound, ports);
  if (broadcast) started.use(broadcast);
  const outbound = started.use(await startOutbound(outboundConfig, ports, runtime, connectors, webhooks, http, broadcast));
  const readModel = started.use(await startReadModel(config.readModel, ports, runtime));
  const inbound = inboundHealth();
  const services = [integration, orchestration, outbound, readModel, inbound.service];
  observe(ports, QUEUES);

  const gateway = started.use(
    await startGateway(config.gateway, ports, { services, audits: true, version: VERSION, backlog: () => orchestration.waiting }),
  );
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
      gate: gateway.gate,
      telemetry,
      onDrain: () => gateway.stopServing(),
    }),
  );
  const grpc = await startGrpc(config.gateway, gateway, telemetry);
  if (grpc) started.use(grpc);
  const { callbackSecret } = outboundConfig;
  if (processor && callbackSecret !== undefined) processor.callBack({ url: `${api.url}${PAYMENT_CALLBACK_PATH}`, secret: callbackSecret });
  telemetry.logger.info('ready', { url: api.url, grpcAddress: grpc?.address, version: VERSION });
  const running = started.move();
  return {
    url: api.url,
    managementUrl: management.url,
    grpcAddress: grpc?.address,
    dataFolder: folder.path,
    simulatorUrl: simulator?.url,
    paymentSimulatorUrl: processor?.url,
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

const CALLBACK_SECRET_BYTES = 32;
const drawnSecret = (): string => `whsec_${randomBytes(CALLBACK_SECRET_BYTES).toString('base64')}`;

const observe = ({ openWork, bus, clock, telemetry }: Ports, queues: readonly string[]): void => {
  observeOpenWork(openWork, [...queues, OPERATOR_QUEUE], clock, telemetry);
  observeHints(bus, queues, telemetry);
};
