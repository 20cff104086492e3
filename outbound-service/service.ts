import type { Connector } from '@sagahub/contracts/ports/connector.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { HealthCheck, Ports, Service } from '@sagahub/contracts/service.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { EventBroadcast } from '@sagahub/contracts/ports/event-broadcast.ts';
import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import { startBroadcast } from './broadcast/start.ts';
import { startAlerts } from './alerts/start.ts';
import { breakerRoutes } from './admin/breakers.ts';
import { OPERATOR_FACES } from './admin/flows.ts';
import { objectActRoutes } from './admin/object-acts.ts';
import { deadLetterRoutes } from './admin/dead-letters.ts';
import type { OutboundConfig } from './config.ts';
import { paymentCallbackRoutes } from './connectors/payment-processor/callback.ts';
import type { AttemptContext } from './deliveries/attempt.ts';
import { GuardedCalls } from './deliveries/guarded-calls.ts';
import { glancer } from './deliveries/glance.ts';
import { deliverer } from './deliveries/worker.ts';
import { REDRIVE_QUEUE } from './redrives/flow.ts';
import { redriveRoutes } from './redrives/routes.ts';
import { redriveWorker } from './redrives/worker.ts';
import { ConnectorBreaker } from './resilience/connector-breaker.ts';
import { Deadlines } from './resilience/deadlines.ts';
import { type FollowedBreakers, followBreakers } from './resilience/follow-breakers.ts';
import { startWebhooks, type WebhookOptions } from './webhooks/start.ts';

export type OutboundPorts = Pick<Ports, 'store' | 'openWork' | 'documents' | 'keys' | 'leadership' | 'clock' | 'telemetry'>;

/** How long calls in hand may go on once the service is being closed; then they are called off and count as unknown. */
const DRAIN_MS = 10_000;
/** Redrive jobs that one process moves on at the same time. */
const REDRIVES_AT_ONCE = 4;
/** What the gauge shows. */
const STATE_VALUES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** A third party, and how much is asked of it. */
export interface ConnectorLine {
  readonly connector: Connector;
  /** Calls at once, in one process: the bulkhead that keeps a slow one from holding up anything else. */
  readonly concurrency: number;
  /** Of one partner, at once. */
  readonly perPartner: number;
  /** Waits behind the first failed attempt, the second, … */
  readonly retryDelaysMs: readonly number[];
}

/**
 * Delivers to third parties, each connector with its own queue, concurrency and breaker, and tells subscribers. Connectors and clients stay
 * the caller's to close.
 * @param http for alerts
 * @param broadcast where consumers are; absent: nowhere
 */
export const startOutbound = async (
  config: OutboundConfig,
  ports: OutboundPorts,
  runtime: SagaRuntime,
  connectors: readonly ConnectorLine[],
  webhookOptions: WebhookOptions,
  http: HttpClient,
  broadcast?: EventBroadcast,
): Promise<Service> => {
  const { store, clock, telemetry } = ports;
  const lines: Line[] = [];
  const end = await store.lastPosition();
  try {
    for (const line of connectors) lines.push(await startLine(line, config, ports, runtime));
  } catch (error) {
    await Promise.all(lines.map((line) => line.stop()));
    throw error;
  }
  const breakers = new Map(lines.map(({ breaker }) => [breaker.connector, breaker]));
  const webhooks = await startWebhooks(config, ports, runtime, webhookOptions).catch(async (error: unknown) => {
    await Promise.all(lines.map((line) => line.stop()));
    throw error;
  });
  const consumers = await startBroadcast(config, ports, runtime, broadcast, webhookOptions.takesWork);
  const alerts = await startAlerts(config, ports, runtime, http);
  const glance = glancer(new Map(lines.map(({ context }) => [context.connector.name, context])), telemetry);
  const settled = telemetry.counter(METRICS.redriveItems.name);
  const redrives = await runtime.work(REDRIVE_QUEUE, {
    concurrency: REDRIVES_AT_ONCE,
    perLane: REDRIVES_AT_ONCE,
    handle: redriveWorker({ runtime, store, documents: ports.documents, clock, settled, glance }),
  });
  const followed = followBreakers([...breakers.values()], store, end);
  telemetry.gauge(METRICS.breakerState.name, () =>
    [...breakers.values()].map(({ connector, state }) => [STATE_VALUES[state.state], { connector }] as const),
  );
  return {
    name: 'outbound-service',
    routes: [
      ...breakerRoutes(breakers),
      ...deadLetterRoutes(ports, runtime),
      ...redriveRoutes(ports, runtime),
      ...OPERATOR_FACES.flatMap((face) => objectActRoutes(face, ports, runtime)),
      ...paymentCallbackRoutes({ runtime, keys: ports.keys, secret: config.callbackSecret }),
      ...webhooks.routes,
      ...consumers.routes,
    ],
    health: async () => [
      ...[...breakers.values()].map(healthOf),
      followingOf(followed),
      ...webhooks.health(),
      ...(await consumers.health()),
    ],
    async [Symbol.asyncDispose]() {
      await consumers[Symbol.asyncDispose]();
      await redrives[Symbol.asyncDispose]();
      await alerts?.[Symbol.asyncDispose]();
      const drained = new AbortController();
      const parts = [...lines, webhooks];
      const stopped = Promise.all(parts.map((part) => part.stop()));
      void clock.sleep(DRAIN_MS, drained.signal).then(() => parts.forEach((part) => part.callOff()));
      await stopped;
      drained.abort();
      await followed[Symbol.asyncDispose]();
    },
  };
};

interface Line {
  readonly context: AttemptContext;
  readonly breaker: ConnectorBreaker;
  /** Takes no more work; resolves when what is in hand is done. */
  stop(): Promise<void>;
  callOff(): void;
}

const startLine = async (
  { connector, concurrency, perPartner: perLane, retryDelaysMs: delaysMs }: ConnectorLine,
  config: OutboundConfig,
  ports: OutboundPorts,
  runtime: SagaRuntime,
): Promise<Line> => {
  const { store, openWork, keys, clock, telemetry } = ports;
  const queue = `outbound.${connector.name}`;
  const breaker = await ConnectorBreaker.open(
    {
      connector: connector.name,
      queue,
      consecutiveFailures: config.breakerFailures,
      failureShare: 0.5,
      windowMs: config.breakerWindowMs,
      minimumCalls: config.breakerMinimumCalls,
      openMs: config.breakerOpenMs,
      resumePerSecond: config.resumePerSecond,
    },
    { store, openWork, runtime, clock, logger: telemetry.logger },
  );
  const deadlines = new Deadlines(connector.timeoutMs, clock);
  const context: AttemptContext = {
    connector,
    calls: new GuardedCalls(connector, clock, telemetry),
    breaker,
    deadlines,
    retry: { delaysMs, random: Math.random },
    runtime,
    keys,
    clock,
    logger: telemetry.logger,
    logId: store.logId,
  };
  const working = await runtime.work(queue, { concurrency, perLane, handle: deliverer(context, telemetry) });
  return {
    context,
    breaker,
    callOff: () => deadlines.callOff(),
    async stop() {
      await working[Symbol.asyncDispose]();
      deadlines.callOff();
      await breaker.settled();
    },
  };
};

/** An open breaker is a warning: what goes there is accepted and waits. */
const healthOf = ({ connector, state }: ConnectorBreaker): HealthCheck => ({
  name: `${connector}:breaker`,
  status: state.state === 'closed' ? 'pass' : 'warn',
  ...(state.state !== 'closed' && { output: `open since ${new Date(state.sinceMs).toISOString()}: ${state.cause}` }),
});

/** A replica that does not hear of the others' breakers goes by its own alone. */
const followingOf = ({ failure }: FollowedBreakers): HealthCheck => {
  const error = failure();
  return {
    name: 'breakers:following',
    status: error === undefined ? 'pass' : 'warn',
    ...(error && { output: error.message }),
  };
};
