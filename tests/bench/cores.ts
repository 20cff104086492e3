import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Which processors do what, where servers and those who send to them do not share any. */
export interface Cores {
  readonly servers: readonly number[];
  readonly senders: number;
}

/** Partners have machines of their own. `undefined` where there is one processor only, or no `taskset` (of util-linux). */
export const separateCores = (): Cores | undefined => {
  const cores = availableParallelism();
  if (cores < 2 || spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  return { servers: Array.from({ length: cores - 1 }, (_, core) => core), senders: cores - 1 };
};

/** All threads of these processes, and whatever they start from now on. @throws Error with what `taskset` said */
export const keepOn = (cores: number | readonly number[], pids: readonly number[]): void => {
  for (const pid of pids) {
    const { status, stderr } = spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', [cores].flat().join(','), String(pid)]);
    if (status !== 0 && existsSync(`/proc/${pid}`))
      throw new Error(`process ${pid} could not be kept on a processor: ${stderr.toString()}`);
  }
};

export const described = (cores: Cores | undefined): string =>
  cores ? `servers on ${cores.servers.join(', ')}; partners and third parties on ${cores.senders}` : 'all on the same';
