import type { Route } from '@sagahub/contracts/api/route.ts';
import type { SubscriberClient } from '@sagahub/contracts/ports/http-client.ts';
import type { Hint } from '@sagahub/contracts/ports/message-bus.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { HealthCheck, Ports } from '@sagahub/contracts/service.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { OutboundConfig } from '../config.ts';
import { webhookRoutes } from './api/routes.ts';
import { EndpointHealth } from './deliveries/endpoint-health.ts';
import { WEBHOOK_QUEUE } from './deliveries/flow.ts';
import { inFlightOf } from './deliveries/in-flight.ts';
import { laneOf, Sender } from './deliveries/sending.ts';
import { MessageBodies } from './messages/bodies.ts';
import { startFanOut } from './messages/fan-out.ts';
import { startRecoveries } from './messages/recovery.ts';
import { MessageRequests } from './messages/requests.ts';
import { SubscriptionDirectory } from './subscriptions/directory.ts';
import { followSubscriptions, type SubscriptionRegistry } from './subscriptions/registry.ts';
import { WebhookSecrets } from './subscriptions/secrets.ts';

export type WebhookPorts = Pick<Ports, 'store' | 'documents' | 'keys' | 'leadership' | 'clock' | 'telemetry'>;

/** What the composition root decides about webhooks. */
export interface WebhookOptions {
  readonly client: SubscriberClient;
  readonly allowHttp: boolean;
  /** Of the requests that are sent. */
  readonly userAgent: string;
  /** False: messages are not even requested; a later start finds all of it. */
  readonly takesWork: boolean;
}

/** An endpoint with much to do must not take up what the broker hands out at once. */
const UNSETTLED_PER_ENDPOINT = 1_000;
/** Messages of one endpoint that wait in memory, at half a kilobyte each; those behind come back later. */
const LONGEST_LINE = 50_000;
const PUT_OFF_MS = 30_000;

export interface Webhooks {
  readonly routes: readonly Route[];
  health(): readonly HealthCheck[];
  /** Takes no more work; resolves when what is in hand is done. */
  stop(): Promise<void>;
  /** What is in hand ends at once, and is sent again later. */
  callOff(): void;
}

export const startWebhooks = async (
  config: OutboundConfig,
  ports: WebhookPorts,
  runtime: SagaRuntime,
  { client, allowHttp, userAgent, takesWork }: WebhookOptions,
): Promise<Webhooks> => {
  const { store, keys, clock, telemetry } = ports;
  await using started = new AsyncDisposableStack();
  const followed = started.use(await followSubscriptions(store));
  const { registry } = followed;
  const secrets = new WebhookSecrets(keys);
  const directory = new SubscriptionDirectory(ports, registry, secrets, config.webhookSubscriptions);
  const bodies = new MessageBodies(store);
  const requests = new MessageRequests({ store, runtime, clock });
  const health = new EndpointHealth(clock);
  const calledOff = new AbortController();
  const sender = new Sender({
    client,
    registry,
    directory,
    secrets,
    bodies,
    health,
    runtime,
    clock,
    telemetry,
    retry: { delaysMs: config.webhookRetryDelaysMs, random: Math.random },
    timeoutMs: config.webhookTimeoutMs,
    disableAfterMs: config.webhookDisableAfterMs,
    userAgent,
    signal: calledOff.signal,
  });
  started.use(
    await runtime.work(WEBHOOK_QUEUE, {
      concurrency: config.webhookConcurrency,
      laneOf,
      perLane: (lane) => inFlightOf(registry, lane, config.webhookConcurrency),
      unsettledPerLane: UNSETTLED_PER_ENDPOINT,
      postpone: (hint: Hint, waiting) =>
        health.restingUntilMs(laneOf(hint)) ?? (waiting < LONGEST_LINE ? undefined : clock.now() + PUT_OFF_MS),
      handle: (hint) => sender.handle(hint),
    }),
  );
  const fanOut = takesWork ? started.use(startFanOut(ports, requests, bodies)) : undefined;
  if (takesWork) started.use(startRecoveries({ ...ports, runtime, registry, directory, requests, bodies }));
  telemetry.gauge(METRICS.webhookSubscriptions.name, () => statesOf(registry));
  const running = started.move();
  return {
    routes: webhookRoutes({ ...ports, directory, registry, client, allowHttp, runtime, requests, bodies }),
    health: () => [checkOf('webhooks:fan-out', fanOut?.failure), checkOf('webhooks:subscriptions', followed.failure())],
    stop: () => running.disposeAsync(),
    callOff: () => calledOff.abort(),
  };
};

const STATES = ['enabled', 'failing', 'manual', 'gone', 'failed'] as const;
const statesOf = (registry: SubscriptionRegistry) => {
  const counts = new Map<(typeof STATES)[number], number>(STATES.map((state) => [state, 0]));
  for (const { disabled, failing } of registry.all()) {
    const state = disabled ? (disabled.cause === 'failing' ? 'failed' : disabled.cause) : failing ? 'failing' : 'enabled';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => [count, { state }] as const);
};

const checkOf = (name: string, failure: Error | undefined): HealthCheck => ({
  name,
  status: failure === undefined ? 'pass' : 'warn',
  ...(failure && { output: failure.message }),
});
