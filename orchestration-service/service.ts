import type { Route } from '@sagahub/contracts/api/route.ts';
import type { Working } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import type { HealthCheck, Ports, Service } from '@sagahub/contracts/service.ts';
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

export interface Orchestration extends Service {
  /** Decisions that are due and that nobody has begun on, in this process. */
  readonly waiting: number;
}

/** Runs the sagas: finds work in the log (relay), and decides what is due; nothing of it when the runtime takes no work. */
export const startOrchestration = async (
  config: OrchestrationConfig,
  ports: Ports,
  runtime: StreamRuntime,
  registrations: readonly FlowRegistration[],
): Promise<Orchestration> => {
  await using started = new AsyncDisposableStack();
  await refuseMissingVersions(
    registrations.map(({ flow }) => flow),
    ports.openWork,
  );
  const working: Working[] = [];
  for (const { flow, participants } of registrations)
    working.push(
      started.use(
        await runtime.work(`orchestration.${flow.name}`, {
          concurrency: config.concurrency,
          perLane: config.perPartner,
          handle: (hint) => runtime.decide(hint, participants),
        }),
      ),
    );
  const relay = runtime.takesWork ? started.use(startRelay(runtime)) : undefined;
  const running = started.move();
  return {
    name: 'orchestration-service',
    routes: registrations.flatMap(({ routes }) => routes),
    get waiting() {
      return working.reduce((sum, { waiting }) => sum + waiting, 0);
    },
    health: () => Promise.resolve([relay ? relayHealth(relay.failure) : RESTING]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const RESTING: HealthCheck = {
  name: 'relay:running',
  status: 'warn',
  output: 'started without workers: orders are accepted and wait for a start with HUB_WORKERS=true',
};

const relayHealth = (failure: Error | undefined): HealthCheck =>
  failure === undefined ? { name: 'relay:running', status: 'pass' } : { name: 'relay:running', status: 'fail', output: failure.message };
