import { serverName } from '../servers/mongodb.ts';
import type { EventStoreKind } from '../support/engines.ts';
import { NetworkedHub } from '../support/networked-hub.ts';
import { DurableEngines } from './durable-engines.ts';
import type { Profile } from './profile.ts';

const LOG: Readonly<Record<EventStoreKind, string>> = {
  postgres: 'the log in PostgreSQL',
  kurrentdb: 'the log in a double of KurrentDB, in memory and no measure of the real one',
};

/** Five processes on engines of their own. */
export const networked = (eventStore: EventStoreKind): Profile => ({
  name: 'networked',
  aims: { completedPerSecond: 530, completedFloor: 300, acceptedPerSecond: 1_000, offered: 150, acceptedP99Ms: 100 },
  ...(serverName() !== 'mongod' && { comparedUpTo: 10_000 }),
  description: `The networked profile: five processes, one replica each, on engines of their own on the same cores: ${LOG[eventStore]}; ${DurableEngines.description()}`,
  async install(env) {
    await using started = new AsyncDisposableStack();
    const engines = started.use(await DurableEngines.start(eventStore));
    const startedMs = performance.now();
    const hub = started.use(await NetworkedHub.start(engines.urls, { env }));
    const readyMs = performance.now() - startedMs;
    const running = started.move();
    const relay = hub.processes.find(({ name }) => name === 'orchestration-service')!;
    return {
      hub: { url: hub.url, managementUrl: hub.managementUrl, relayUrl: relay.managementUrl, client: (name) => hub.client(name) },
      parts: [...hub.processes.map(({ name, pid }) => ({ name, kind: 'hub' as const, pid })), ...engines.parts],
      readyMs,
      dumpAndRestore: eventStore === 'postgres' ? () => engines.dumpAndRestore() : undefined,
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  },
});
