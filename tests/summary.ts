import { cpus } from 'node:os';
import type { Failure, Outcome, Task } from './tasks.ts';

/** Of one failure; the rest stands above, where it happened. In characters. */
const REASON_SHOWN = 2_500;
const LINE_SHOWN = 300;
const SLOWEST_SHOWN = 12;

/** A failure as the end of a run shows it: its full title, its error, and what else is known of it. */
export const told = ({ title, reason, context }: Failure): string =>
  [`FAILED ${title}`, indented(cut(reason, REASON_SHOWN)), ...(context === undefined ? [] : [indented(context)])].join('\n');

/** Its title and the first line of its error. */
export const inShort = ({ title, reason }: Failure): string => {
  const [line = ''] = reason.trim().split('\n');
  return `  ${title}${line === '' ? '' : `\n    ${cut(line, LINE_SHOWN)}`}`;
};

/** Adds up how long the task took, under its name and in seconds. */
export const timed = (task: Task, took: Map<string, number>): Task => ({
  name: task.name,
  run: async (print) => {
    const startedMs = performance.now();
    try {
      return await task.run(print);
    } finally {
      took.set(task.name, (performance.now() - startedMs) / 1_000);
    }
  },
});

/** Of all processors together, since the machine was started, in milliseconds. */
interface CpuTimes {
  readonly idleMs: number;
  readonly allMs: number;
}
export const cpuTimes = (): CpuTimes => {
  const times = cpus().map(({ times: of }) => of);
  const sum = (of: (one: (typeof times)[number]) => number) => times.reduce((total, one) => total + of(one), 0);
  return { idleMs: sum(({ idle }) => idle), allMs: sum((one) => Object.values(one).reduce((total, ms) => total + ms, 0)) };
};

/** From 0 to 1: how much of the time between the processors had something to do. */
export const busyShare = (before: CpuTimes, after: CpuTimes): number => {
  const allMs = after.allMs - before.allMs;
  return allMs === 0 ? 0 : 1 - (after.idleMs - before.idleMs) / allMs;
};

/** Where the time of a run went: all of its tasks, and the slowest of its suites. */
export const timesOf = (took: ReadonlyMap<string, number>, busy: number, suites: NonNullable<Outcome['suites']>): string => {
  const line = (seconds: number, name: string) => `${seconds.toFixed(1).padStart(8)} s  ${name}`;
  const slowest = suites.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST_SHOWN);
  return [
    `Time, with processors ${Math.round(busy * 100)} % busy:`,
    ...[...took].map(([name, seconds]) => line(seconds, name)),
    'Slowest suites:',
    ...slowest.map(({ title, tookMs }) => line(tookMs / 1_000, title)),
  ].join('\n');
};

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)} … (${text.length - length} more)`;
const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');
