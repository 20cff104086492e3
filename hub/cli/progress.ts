import { Presets, SingleBar } from 'cli-progress';

/** Long work seen from outside; on a terminal's standard error, and silent anywhere else. */
export interface Progress extends Disposable {
  update(done: number, total?: number): void;
}

/** @param total unknown when absent: the bar then counts */
/** Does the work with a bar beside it, which is gone before the result is told. */
export const withProgress = async <Result>(
  what: string,
  total: number | undefined,
  work: (update: Progress['update']) => Promise<Result>,
): Promise<Result> => {
  using progress = startProgress(what, total);
  return await work((done, changed) => progress.update(done, changed));
};

export const startProgress = (what: string, total?: number): Progress => {
  if (!process.stderr.isTTY) return { update: () => {}, [Symbol.dispose]: () => {} };
  const format =
    total === undefined ? `${what} {value}, {duration_formatted}` : `${what} {bar} {percentage}% | {value}/{total} | {eta_formatted} left`;
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, gracefulExit: true },
    Presets.shades_classic,
  );
  bar.start(total ?? 0, 0);
  return {
    update: (done, changed) => {
      if (changed !== undefined) bar.setTotal(changed);
      bar.update(done);
    },
    [Symbol.dispose]: () => bar.stop(),
  };
};
