import type { Route } from '@sagahub/contracts/api/route.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import type { HealthCheck, Ports, Service } from '@sagahub/contracts/service.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { OrchestrationConfig } from './config.ts';
import type { Participants } from './engine/participants.ts';
import { startRelay } from './engine/relay.ts';
import type { StreamRuntime } from './engine/runtime.ts';
import { refuseMissingVersions } from './engine/version-check.ts';

/** A flow and whom it may ask. */
export interface FlowRegistration {
  readonly flow: Flow;
  readonly participants: Participants;
  readonly routes: readonly Route[];
}

/** Runs the sagas: finds work in the log (relay), and decides what is due. */
export const startOrchestration = async (
  config: OrchestrationConfig,
  ports: Ports,
  runtime: StreamRuntime,
  registrations: readonly FlowRegistration[],
): Promise<Service> => {
  await using started = new AsyncDisposableStack();
  await refuseMissingVersions(
    registrations.map(({ flow }) => flow),
    ports.openWork,
  );
  for (const { flow, participants } of registrations)
    started.use(
      await runtime.work(`orchestration.${flow.name}`, {
        concurrency: config.concurrency,
        perPartner: config.perPartner,
        handle: (hint) => runtime.decide(hint, participants),
      }),
    );
  const relay = started.use(startRelay(runtime));
  observeOpenWork(ports);
  const running = started.move();
  return {
    name: 'orchestration-service',
    routes: registrations.flatMap(({ routes }) => routes),
    health: () => Promise.resolve([relayHealth(relay.failure)]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const relayHealth = (failure: Error | undefined): HealthCheck =>
  failure === undefined ? { name: 'relay:running', status: 'pass' } : { name: 'relay:running', status: 'fail', output: failure.message };

/** Backlog and age per queue; objects left to an operator are counted as stuck. */
const observeOpenWork = ({ openWork, bus, clock, telemetry }: Ports): void => {
  const queues = () => openWork.stats(clock.now());
  telemetry.gauge(METRICS.openWork.name, async () => (await queues()).map(({ queue, open }) => [open, { queue }] as const));
  telemetry.gauge(METRICS.openWorkOldestAge.name, async () =>
    (await queues()).map(
      ({ queue, oldestSinceMs }) => [oldestSinceMs === undefined ? 0 : (clock.now() - oldestSinceMs) / 1_000, { queue }] as const,
    ),
  );
  telemetry.gauge(METRICS.openWorkDue.name, async () => (await queues()).map(({ queue, due }) => [due, { queue }] as const));
  telemetry.gauge(METRICS.openWorkOldestOverdue.name, async () =>
    (await queues()).map(
      ({ queue, oldestDueAtMs }) => [Math.max(0, clock.now() - (oldestDueAtMs ?? clock.now())) / 1_000, { queue }] as const,
    ),
  );
  telemetry.gauge(METRICS.ordersStuck.name, async () => [
    [(await queues()).find(({ queue }) => queue === OPERATOR_QUEUE)?.open ?? 0] as const,
  ]);
  telemetry.gauge(METRICS.hintsBacklog.name, async () =>
    Promise.all((await queues()).map(async ({ queue }) => [await bus.backlog(queue), { queue }] as const)),
  );
};
