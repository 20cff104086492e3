export interface Failure {
  readonly title: string;
  /** The error with its stack and causes, or the end of what was printed. */
  readonly reason: string;
  /** What else helps to understand it, e.g. the output of a hub. */
  readonly context?: string;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: readonly Failure[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
  /** By title; of what tells. */
  readonly suites?: readonly { readonly title: string; readonly tookMs: number }[];
}

export interface Task {
  readonly name: string;
  run(print: (text: string) => void): Promise<Outcome>;
}

/**
 * Runs up to `width` tasks at once, started in order. Output is never mixed: the oldest unfinished task prints as it goes, the others when
 * their turn comes. Those that have not begun when `signal` is aborted fail for its reason.
 */
export const inParallel = async (
  tasks: readonly Task[],
  width: number,
  { write = toOutput, signal }: { readonly write?: (text: string) => void; readonly signal?: AbortSignal } = {},
): Promise<readonly Outcome[]> => {
  const held: string[][] = tasks.map(() => []);
  const finished = tasks.map(() => false);
  let printing = 0;
  const flush = (): void => {
    for (;;) {
      for (const text of held[printing]?.splice(0) ?? []) write(text);
      if (!finished[printing]) return;
      printing += 1;
    }
  };
  const outcomes: Outcome[] = [];
  const pending = tasks.entries();
  const worker = async (): Promise<void> => {
    for (const [index, task] of pending) {
      const print = (text: string): void => {
        held[index]?.push(text);
        flush();
      };
      print(`\n=== ${task.name}\n`);
      outcomes[index] = await begun(task, print, signal).catch((error: unknown) => {
        const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
        print(`${reason}\n`);
        return { passed: 0, failed: [{ title: task.name, reason }], skipped: [] };
      });
      finished[index] = true;
      flush();
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return outcomes;
};

const toOutput = (text: string): void => void process.stdout.write(text);

const begun = async (task: Task, print: (text: string) => void, signal: AbortSignal | undefined): Promise<Outcome> => {
  signal?.throwIfAborted();
  return task.run(print);
};
