import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHttpServer } from '@sagahub/adapters/http/server.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { endOnSignals } from '@sagahub/adapters/process/shutdown.ts';
import { type OpenedTelemetry, openTelemetry } from '@sagahub/adapters/telemetry/open-telemetry.ts';
import { observeHints, observeOpenWork } from '@sagahub/adapters/telemetry/port-gauges.ts';
import { ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import type { Service } from '@sagahub/contracts/service.ts';
import { gatewaySettings, readTls } from '@sagahub/gateway/config.ts';
import { startingRoutes } from '@sagahub/gateway/health.ts';
import { startGateway } from '@sagahub/gateway/service.ts';
import { ensureAdmin } from '../admin-client.ts';
import { QUEUES } from '../flows.ts';
import { startGrpc } from '../grpc.ts';
import { inboundHealth, startInboundOrders } from '../inbound.ts';
import { metricsRoute } from '../metrics-route.ts';
import { resumeClock } from '../resume-clock.ts';
import { VERSION } from '../version.ts';
import { enginesOf } from './engine-checks.ts';
import { foldLostHolds } from './lost-holds.ts';
import { openNetworkedPorts } from './ports.ts';
import { remoteService, type ServiceName, SERVICES, startService } from './services.ts';
import { readNetworkedConfig } from './config.ts';
import type { NetworkedSettings } from './settings.ts';
import { endOnSignalsWhileStarting, Startup } from './startup.ts';

/** An engine that was there goes away as the process starts: it begins anew, and waits for it as for any. */
const BEGIN_ANEW_MS = 1_000;
/** Longer than requests and calls in hand are given to finish, shorter than what orchestrators wait before they kill. */
const STOP_DEADLINE_MS = 40_000;

/** What a process of the networked profile is called, and which folder it is in. */
export type ProcessName = ServiceName | 'gateway';

/** One that serves. */
export interface RunningProcess {
  /** Of its API. */
  readonly url: string;
  readonly managementUrl: string;
  /** Of the gateway, where gRPC is asked for. */
  readonly grpcAddress: string | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Takes no new work, finishes what is in hand, closes everything. To be called once. */
  drain(): Promise<void>;
}

/**
 * Runs one process of the networked profile until it is told to stop. Prints one JSON line when it is ready; the management port answers
 * probes before, and says what is waited for.
 */
export const runProcess = async (name: ProcessName): Promise<void> => {
  const hasStarted = endOnSignalsWhileStarting();
  try {
    const { url, managementUrl, grpcAddress, ...running } = await startProcess(name, process.env);
    console.log(JSON.stringify({ url, managementUrl, grpcAddress }));
    flushCompileCache(); // where NODE_COMPILE_CACHE is set: a process that is killed later leaves none behind
    hasStarted();
    endOnSignals({ ...running, deadlineMs: STOP_DEADLINE_MS });
  } catch (error) {
    console.error(error instanceof ConfigurationError ? error.message : error);
    process.exit(1);
  }
};

/**
 * Resolves once it serves; waits for its engines.
 * @throws ConfigurationError naming every setting that is wrong
 */
export const startProcess = async (name: ProcessName, env: NodeJS.ProcessEnv): Promise<RunningProcess> => {
  for (;;)
    try {
      return await startOnce(name, env);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      await sleep(BEGIN_ANEW_MS); // not by the clock, whose timers keep no process from ending
    }
};

const startOnce = async (name: ProcessName, env: NodeJS.ProcessEnv): Promise<RunningProcess> => {
  const needsKeys = name !== 'orchestration-service';
  const { config, settings } = readNetworkedConfig(env, { needsKeys });
  await using started = new AsyncDisposableStack();
  const telemetry = started.use(
    await openTelemetry({
      serviceName: name,
      version: VERSION,
      level: config.telemetry.logLevel,
      env,
      logTo: process.stderr,
      pretty: process.stderr.isTTY,
    }),
  );
  try {
    return await serve(name, { config, settings, needsKeys, telemetry, started });
  } catch (error) {
    if (error instanceof UnavailableError)
      telemetry.logger.warn('an engine went away as the process started, which begins anew', { reason: error.message });
    throw error;
  }
};

interface Beginning extends ReturnType<typeof readNetworkedConfig> {
  readonly needsKeys: boolean;
  readonly telemetry: OpenedTelemetry;
  /** What is open already, and is to be closed with the rest. */
  readonly started: AsyncDisposableStack;
}

const serve = async (name: ProcessName, { config, settings, needsKeys, telemetry, started }: Beginning): Promise<RunningProcess> => {
  const computer = systemClock();
  const startup = new Startup({ clock: computer, logger: telemetry.logger });
  const metrics = metricsRoute(() => telemetry.metricsText());
  const management = started.use(
    await startHttpServer({
      host: config.gateway.managementHost,
      port: config.gateway.managementPort,
      portSetting: gatewaySettings.managementPort.env,
      routes: [...startingRoutes(() => startup.checks(), { clock: computer, version: VERSION }), metrics],
      telemetry,
    }),
  );
  const { strictInventory } = config.orchestration;
  const ports = started.use(await openNetworkedPorts({ settings, strictInventory, telemetry, startup, needsKeys }));
  const { clock } = ports;
  await resumeClock(clock, ports.store, telemetry.logger);
  if (name === 'orchestration-service') await foldLostHolds(ports, startup.of('holds:folded').onWaiting);
  const own = name === 'gateway' ? undefined : await startService(name, config, ports);
  const services = own ? [own.service] : await remoteServices(settings);
  for (const service of services) started.use(service);
  if (name === 'orchestration-service') observeOpenWork(ports.openWork, [...QUEUES, OPERATOR_QUEUE], clock, telemetry);
  if (name === 'orchestration-service' || name === 'outbound-service') observeHints(ports.bus, QUEUES, telemetry);

  const inbound = inboundHealth();
  const gateway = started.use(
    await startGateway(config.gateway, ports, {
      services: [...services, enginesOf(name, ports.engines), inbound.service],
      audits: name === 'gateway',
      behindGateway: name !== 'gateway',
      version: VERSION,
    }),
  );
  if (name === 'gateway' && config.hub.adminSecret !== undefined) await ensureAdmin(gateway, config.hub.adminSecret);
  if (own && name === 'integration-service') {
    const { authenticator } = gateway;
    const { service, runtime } = own;
    inbound.run(
      started.use(await startInboundOrders({ config: config.integration, ports, runtime, routes: service.routes, authenticator })),
    );
  }
  const ownRoutes = new Set(services.flatMap(({ routes }) => routes));
  const api = started.use(
    await startHttpServer({
      host: config.gateway.host,
      port: config.gateway.port,
      portSetting: gatewaySettings.port.env,
      bodyTimeoutMs: config.gateway.bodyTimeoutMs,
      headersTimeoutMs: config.gateway.headersTimeoutMs,
      authenticator: gateway.authenticator,
      gate: gateway.gate,
      telemetry,
      onDrain: () => gateway.stopServing(),
      ...(name === 'gateway'
        ? {
            tls: readTls(config.gateway),
            trustedProxies: config.gateway.trustedProxies,
            routes: gateway.publicRoutes,
            limiter: gateway.limiter,
          }
        : // The gateway has counted the request already, and tells whose it is.
          {
            trustedProxies: 1,
            behindGateway: true,
            routes: gateway.publicRoutes.filter((route) => ownRoutes.has(route) || route.path.startsWith('/health/')),
          }),
    }),
  );
  management.serve([...gateway.managementRoutes, metrics]);
  const grpc = name === 'gateway' ? await startGrpc(config.gateway, gateway, telemetry) : undefined;
  if (grpc) started.use(grpc);
  telemetry.logger.info('ready', { url: api.url, grpcAddress: grpc?.address, version: VERSION });
  const running = started.move();
  return {
    url: api.url,
    managementUrl: management.url,
    grpcAddress: grpc?.address,
    logger: telemetry.logger,
    clock,
    drain: async () => {
      const draining = { timeoutMs: config.gateway.drainTimeoutMs, delayMs: config.gateway.drainDelayMs };
      await Promise.all([api.drain(draining), grpc?.drain(draining)]);
      await running.disposeAsync();
    },
  };
};

const remoteServices = async (settings: NetworkedSettings): Promise<readonly Service[]> => {
  const { ROUTES_OF } = await import('./route-descriptions.ts');
  const urls: Readonly<Record<ServiceName, string>> = {
    'integration-service': settings.integrationUrl,
    'orchestration-service': settings.orchestrationUrl,
    'outbound-service': settings.outboundUrl,
    'read-model': settings.readModelUrl,
  };
  return SERVICES.map((service) => remoteService(service, urls[service], ROUTES_OF[service]));
};
