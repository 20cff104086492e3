import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import type { Profile } from './profile.ts';

/** The whole hub in one process, its data in files. */
export const embedded: Profile = {
  name: 'embedded',
  aims: {
    completedPerSecond: 1_600,
    completedFloor: 600,
    hubCpuMsPerOrder: 0.8,
    acceptedShareOfBare: 0.4,
    offered: 500,
    acceptedP99Ms: 50,
    completedP99Ms: 500,
    listedP99Ms: 1_000,
  },
  description: 'The embedded profile: one process, SQLite',
  async install(env) {
    const startedMs = performance.now();
    const hub = await HubProcess.start({ env });
    return {
      hub: {
        url: hub.url,
        managementUrl: hub.managementUrl,
        relayUrl: hub.managementUrl,
        client: (name) => hub.client(name),
      },
      parts: [{ name: 'hub', kind: 'hub', pid: hub.pid }],
      readyMs: performance.now() - startedMs,
      [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
    };
  },
};
