import { availableParallelism } from 'node:os';

/** What a process has used until now, milliseconds. */
export interface Use {
  readonly atMs: number;
  /** In which its event loop had something to do, or waited for a processor to do it. */
  readonly loopMs: number;
  /** Of processors, by all of its threads. */
  readonly cpuMs: number;
}

/**
 * From 0 to 1: how busy a process has been since this was asked last, by what is nearest to its end: its event loop, or the processors that it may use,
 * which its other threads need too: by its affinity, and by the quota of its container where that is one whole processor or more (cgroup v2).
 */
export const busyShare = (used: () => Use = usedByThisProcess, processors = availableParallelism()): (() => number) => {
  let last = used();
  return () => {
    const now = used();
    const passedMs = now.atMs - last.atMs;
    const shares = [now.loopMs - last.loopMs, (now.cpuMs - last.cpuMs) / processors].map((ms) => ms / passedMs);
    last = now;
    return passedMs > 0 ? Math.min(1, Math.max(...shares)) : 0;
  };
};

const usedByThisProcess = (): Use => {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), loopMs: performance.eventLoopUtilization().active, cpuMs: (user + system) / 1_000 };
};
