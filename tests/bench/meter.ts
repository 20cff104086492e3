import { machineCpuMs } from './machine.ts';
import { treeCpuMs } from './process-tree.ts';
import type { Site } from './site.ts';

/** What one phase cost, milliseconds of CPU time. */
export interface Cost {
  readonly wallMs: number;
  /** All processes of the hub. */
  readonly hubMs: number;
  /** All engines. */
  readonly enginesMs: number;
  /** Each process of the hub and each engine, by its name. */
  readonly parts: ReadonlyMap<string, number>;
  /** What stands for the ERP and the payment processor. */
  readonly simulatorsMs: number;
  readonly generatorMs: number;
  /** Cores that processes outside the benchmark kept busy, on average: how quiet the machine was. */
  readonly othersCores: number;
}

/** Starts measuring; the function returned stops it. */
export const meter = ({ parts, simulatorPids }: Pick<Site, 'parts' | 'simulatorPids'>): (() => Cost) => {
  const read = () => {
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.now(),
      parts: parts.map(({ pid }) => treeCpuMs(pid)),
      simulatorsMs: simulatorPids.reduce((sum, pid) => sum + treeCpuMs(pid), 0),
      generatorMs: (user + system) / 1_000,
      machineMs: machineCpuMs(),
    };
  };
  const before = read();
  return () => {
    const after = read();
    const wallMs = after.atMs - before.atMs;
    const spent = parts.map((_, index) => after.parts[index]! - before.parts[index]!);
    const of = (wanted: string): number => spent.reduce((sum, ms, index) => sum + (parts[index]!.kind === wanted ? ms : 0), 0);
    const [hubMs, enginesMs] = [of('hub'), of('engine')];
    const simulatorsMs = after.simulatorsMs - before.simulatorsMs;
    const generatorMs = after.generatorMs - before.generatorMs;
    const othersMs = after.machineMs - before.machineMs - hubMs - enginesMs - simulatorsMs - generatorMs;
    return {
      wallMs,
      hubMs,
      enginesMs,
      parts: new Map(parts.map(({ name }, index) => [name, spent[index]!])),
      simulatorsMs,
      generatorMs,
      othersCores: Math.max(0, othersMs / wallMs),
    };
  };
};
