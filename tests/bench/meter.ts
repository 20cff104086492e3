import { machineCpuMs } from './machine.ts';
import { costOf } from './process-cost.ts';

/** What one phase cost, milliseconds of CPU time. */
export interface Cost {
  readonly wallMs: number;
  readonly hubMs: number;
  readonly erpMs: number;
  readonly generatorMs: number;
  /** Cores that processes outside the benchmark kept busy, on average: how quiet the machine was. */
  readonly othersCores: number;
}

/** Starts measuring; the function returned stops it. */
export const meter = (hubPid: number, erpPid: number): (() => Cost) => {
  const read = () => {
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.now(),
      hubMs: costOf(hubPid).cpuMs,
      erpMs: costOf(erpPid).cpuMs,
      generatorMs: (user + system) / 1_000,
      machineMs: machineCpuMs(),
    };
  };
  const before = read();
  return () => {
    const after = read();
    const wallMs = after.atMs - before.atMs;
    const hubMs = after.hubMs - before.hubMs;
    const erpMs = after.erpMs - before.erpMs;
    const generatorMs = after.generatorMs - before.generatorMs;
    const othersMs = after.machineMs - before.machineMs - hubMs - erpMs - generatorMs;
    return { wallMs, hubMs, erpMs, generatorMs, othersCores: Math.max(0, othersMs / wallMs) };
  };
};
