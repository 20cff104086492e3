import { readFileSync } from 'node:fs';

/** Clock ticks a second of `/proc/<pid>/stat`; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process has used so far, all its threads together. */
export interface ProcessCost {
  readonly cpuMs: number;
  readonly rssMiB: number;
  /** The most it ever had. */
  readonly peakRssMiB: number;
}

/** @throws where there is no `/proc`, and when the process has ended */
export const costOf = (pid: number): ProcessCost => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; what comes after it is numbers. utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1_024;
  return {
    cpuMs: ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000,
    rssMiB: mebibytes('VmRSS'),
    peakRssMiB: mebibytes('VmHWM'),
  };
};
