/**
 * The services of the networked profile and the gateway in one process, each with the settings, ports and connections it has in its own. What changes
 * in whose environment comes as a JSON object by name. Prints a line when each is ready; a signal ends them, the gateway first.
 */
import { flushCompileCache } from 'node:module';
import { endOnSignals } from '@sagahub/adapters/process/shutdown.ts';
import { type ProcessName, type RunningProcess, startProcess } from '@sagahub/hub/networked/process.ts';

const environments = Object.entries(JSON.parse(process.argv[2] ?? '{}')) as [ProcessName, NodeJS.ProcessEnv][];
const running = new Map<ProcessName, RunningProcess>();
await Promise.all(
  environments.map(async ([name, changes]) => {
    const one = await startProcess(name, { ...process.env, ...changes });
    running.set(name, one);
    const { url, managementUrl, grpcAddress } = one;
    console.log(JSON.stringify({ url, managementUrl, grpcAddress, name }));
  }),
);
flushCompileCache(); // a process that is killed later leaves none behind
const { gateway, ...services } = Object.fromEntries(running);
endOnSignals({
  ...gateway!,
  drain: async () => {
    await gateway!.drain();
    await Promise.all(Object.values(services).map((service) => service.drain()));
  },
});
