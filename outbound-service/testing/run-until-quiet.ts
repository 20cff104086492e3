import type { ManualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import type { ModelRuntime } from './model-runtime.ts';
import type { MortalProcess } from './mortal-process.ts';

/** How far time moves while something is under way. */
const TICK_MS = 1_000;
/** Turns of {@link runUntilQuiet} before something is taken to be going round in circles. */
const MOST_TURNS = 2_000;

export interface RunOptions {
  /** A dead process is replaced by what this returns. */
  readonly restart?: () => Promise<MortalProcess>;
  /** Called before each turn; the turn's number counts from 0. */
  readonly onTurn?: (turn: number) => void;
}

/** Hands every due hint to every process and moves time (a manual clock's) on, until no row is left. Time jumps where nothing is under way. */
export const runUntilQuiet = async (runtime: ModelRuntime, processes: MortalProcess[], options: RunOptions = {}): Promise<void> => {
  const clock = runtime.clock as ManualClock;
  let underWay: { readonly of: MortalProcess }[] = [];
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    options.onTurn?.(turn);
    for (const hint of runtime.claimDue())
      for (const process of processes) {
        const work = { of: process };
        underWay.push(work);
        void process.handle(hint).then(() => (underWay = underWay.filter((other) => other !== work)));
      }
    await clock.advance(0);
    for (const [index, process] of processes.entries())
      if (process.isDead && options.restart) {
        underWay = underWay.filter(({ of }) => of !== process);
        processes[index] = await options.restart();
      }
    if (underWay.length > 0) await clock.advance(TICK_MS);
    else {
      const dueAtMs = runtime.nextDueAtMs();
      if (dueAtMs === undefined) return;
      await clock.advance(Math.max(dueAtMs - clock.now(), 0));
    }
  }
  throw new Error(`not quiet after ${MOST_TURNS} turns`);
};
