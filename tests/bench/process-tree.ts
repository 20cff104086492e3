import { readdirSync, readFileSync } from 'node:fs';
import { MS_PER_TICK, statFields } from './process-cost.ts';

/** CPU time of a process and of all that it started, ended children included, milliseconds: what a server with a process per session takes. */
export const treeCpuMs = (root: number): number => {
  const children = new Map<number, number[]>();
  const spent = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = fieldsOf(Number(name));
    if (!fields) continue;
    const pid = Number(name);
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
    // utime, stime, and cutime and cstime of children that were waited for: fields 14 to 17.
    spent.set(
      pid,
      fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0),
    );
  }
  const total = (pid: number): number => (children.get(pid) ?? []).reduce((sum, child) => sum + total(child), spent.get(pid) ?? 0);
  return total(root) * MS_PER_TICK;
};

/** `undefined`: it has ended meanwhile. */
const fieldsOf = (pid: number): readonly string[] | undefined => {
  try {
    return statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
};
