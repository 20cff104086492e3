import { readFileSync } from 'node:fs';

/** A clock tick of `/proc/<pid>/stat`: 1/100 s on every Linux that Node runs on. */
export const MS_PER_TICK = 10;

/** What a process has used so far, all its threads together. */
export interface ProcessCost {
  readonly cpuMs: number;
  readonly rssMiB: number;
  /** The most it ever had. */
  readonly peakRssMiB: number;
}

/** From the third field on: the second, the name in parentheses, may hold anything. */
export const statFields = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** @throws where there is no `/proc`, and when the process has ended */
export const costOf = (pid: number): ProcessCost => {
  const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1_024;
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK, // utime and stime, the 14th and 15th field
    rssMiB: mebibytes('VmRSS'),
    peakRssMiB: mebibytes('VmHWM'),
  };
};
