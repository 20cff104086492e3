import type { Route } from '@sagahub/contracts/api/route.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { REFUSAL_QUEUE } from '@sagahub/contracts/messages/consumer.ts';
import { LogOutOfReachError } from '@sagahub/contracts/log-watch.ts';
import { Patience } from '@sagahub/contracts/patience.ts';
import type { EventBroadcast } from '@sagahub/contracts/ports/event-broadcast.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { HealthCheck, Ports } from '@sagahub/contracts/service.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { OutboundConfig } from '../config.ts';
import { MessageBodies } from '../webhooks/messages/bodies.ts';
import { Broadcaster } from './broadcaster.ts';
import { Messages } from './messages.ts';
import { sendAgain, takeIn } from './refusals/taking-in.ts';
import { consumerRoutes } from './routes.ts';

const LEADERSHIP = 'events-broadcast';
const RESTART_DELAY_MS = 1_000;
const REDRIVEN_AT_ONCE = 8;

type BroadcastPorts = Pick<Ports, 'store' | 'documents' | 'leadership' | 'clock' | 'telemetry'>;

export interface RunningBroadcast extends AsyncDisposable {
  readonly routes: readonly Route[];
  health(): Promise<readonly HealthCheck[]>;
}

/**
 * Brings events to the configured consumers. Every process runs for it, one leads at a time.
 * @param broadcast stays the caller's to close; absent: nobody is told, and what an operator redrives is refused
 * @param takesWork false: nothing is published; a later start finds all of it
 */
export const startBroadcast = async (
  config: OutboundConfig,
  ports: BroadcastPorts,
  runtime: SagaRuntime,
  broadcast: EventBroadcast | undefined,
  takesWork: boolean,
): Promise<RunningBroadcast> => {
  const { consumers, consumerQueueLimit: queueLimit, consumerRetryDelaysMs } = config;
  if (!broadcast && consumers.length > 0)
    throw new ConfigurationError(['HUB_EVENTS_URL: needed because HUB_CONSUMERS is set; it names the broker they are behind']);
  const { store, leadership, telemetry, clock } = ports;
  await using started = new AsyncDisposableStack();
  const messages = new Messages(store, new MessageBodies(store));
  const names = new Set(consumers.map(({ name }) => name));
  const handle = sendAgain(runtime, messages, broadcast, names);
  started.use(await runtime.work(REFUSAL_QUEUE, { concurrency: REDRIVEN_AT_ONCE, perLane: REDRIVEN_AT_ONCE, handle }));

  let leading: Broadcaster | undefined;
  let failure: Error | undefined;
  const onRefused = takeIn(ports, runtime, consumerRetryDelaysMs);
  const lead = async (term: Term, over: EventBroadcast): Promise<void> => {
    const patience = new Patience(clock);
    const onWell = (): void => {
      failure = undefined;
      patience.regain();
    };
    while (!term.signal.aborted) {
      try {
        leading = new Broadcaster({ ports, broadcast: over, messages, consumers, queueLimit, onRefused }, term);
        await leading.run(onWell);
      } catch (error) {
        failure = error instanceof Error ? error : new Error('unknown', { cause: error });
        if (!term.signal.aborted)
          telemetry.logger.warn('broadcasting stumbled; it goes on from its checkpoints', { reason: failure.message });
        if (error instanceof LogOutOfReachError || patience.isLost()) break;
        await clock.sleep(RESTART_DELAY_MS, term.signal);
      }
    }
    leading = undefined;
    failure = undefined; // another one's to tell
  };
  if (broadcast && takesWork) started.use(leadership.lead(LEADERSHIP, (term) => lead(term, broadcast)));
  observe(telemetry, clock, () => leading);
  const running = started.move();
  return {
    routes: consumerRoutes({ ...ports, broadcast, consumers, members: () => leading?.members ?? [] }),
    health: async () => {
      if (!broadcast) return [];
      const checks = (leading?.members ?? []).map((member) => checkOf(`consumer-${member.name}:serving`, member.failure));
      return [await broadcast.health(), checkOf('events:broadcast', failure?.message), ...checks];
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const checkOf = (name: string, failure: string | undefined): HealthCheck => ({
  name,
  status: failure === undefined ? 'pass' : 'warn',
  ...(failure !== undefined && { output: failure }),
});

const observe = (telemetry: Ports['telemetry'], clock: Ports['clock'], leading: () => Broadcaster | undefined): void => {
  const members = () => leading()?.members ?? [];
  telemetry.gauge(METRICS.consumerWaiting.name, () =>
    members().flatMap(({ name, waiting }) => (waiting === undefined ? [] : [[waiting, { consumer: name }] as const])),
  );
  telemetry.gauge(METRICS.consumerOldestAge.name, () =>
    members().map((member) => [member.oldestAgeMs(clock.now()) / 1_000, { consumer: member.name }] as const),
  );
  telemetry.gauge(METRICS.consumerBehind.name, () =>
    members().map(({ name, mode, failure }) => [mode === 'live' && failure === undefined ? 0 : 1, { consumer: name }] as const),
  );
};
