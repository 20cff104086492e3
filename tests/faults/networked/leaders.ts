import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '@sagahub/hub/networked/process.ts';
import { PROCESSES, type NetworkedHub } from '../../support/networked-hub.ts';

/** Who leads, as an operator sees it. */
export interface Leader {
  readonly name: ProcessName;
  readonly replica: number;
  readonly pid: number;
  readonly epoch: number;
}

/** By what they lead. */
export type Leaders = Readonly<Record<string, Leader>>;

/** Between two looks: what is watched must not be kept busy by it. */
const LOOK_EVERY_MS = 500;
/** As Prometheus does. */
const SCRAPE_WITHIN_MS = 10_000;
const EPOCH = /^hub_leader_epoch\{[^}]*leadership="([^"]+)"[^}]*\} (\d+)/gm;

interface Asked {
  /** This process alone, which has to answer. */
  readonly only?: number;
  /** Not these: one that hangs keeps whoever asks it waiting until the time for an answer is over. */
  readonly except?: ReadonlySet<number>;
}

/** By what they lead, from the metrics of every process that answers; of two that say so, the one of the later term. */
export const leadersOf = async (hub: NetworkedHub, { only, except }: Asked = {}): Promise<Leaders> => {
  await sleep(LOOK_EVERY_MS);
  const leaders: Record<string, Leader> = {};
  await Promise.all(
    PROCESSES.flatMap((name) =>
      hub.processes
        .filter((one) => one.name === name)
        .map(async ({ pid, managementUrl }, replica) => {
          if ((only !== undefined && only !== pid) || except?.has(pid)) return;
          const terms = await termsOf(managementUrl).catch((error: unknown) => {
            if (only !== undefined) throw error;
            return [];
          });
          for (const [leadership, epoch] of terms)
            if (epoch > (leaders[leadership]?.epoch ?? 0)) leaders[leadership] = { name, replica, pid, epoch };
        }),
    ),
  );
  return leaders;
};

/** Epochs of the terms that a process has in hand. */
const termsOf = async (managementUrl: string): Promise<readonly (readonly [leadership: string, epoch: number])[]> => {
  const answer = await fetch(`${managementUrl}/metrics`, { signal: AbortSignal.timeout(SCRAPE_WITHIN_MS) });
  return [...(await answer.text()).matchAll(EPOCH)].map(([, leadership = '', epoch]) => [leadership, Number(epoch)] as const);
};
