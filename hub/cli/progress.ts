import { Presets, SingleBar } from 'cli-progress';

/** Long work seen from outside; on a terminal's standard error, and silent anywhere else. */
export interface Progress extends Disposable {
  update(done: number, total?: number): void;
  /** A remark above the bar. */
  note(text: string): void;
}

/** @param total unknown when absent: the bar then counts */
export const startProgress = (what: string, total?: number): Progress => {
  if (!process.stderr.isTTY) return { update: () => {}, note: (text) => console.error(text), [Symbol.dispose]: () => {} };
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
    note: (text) => {
      process.stderr.write(`\r\u001b[2K${text}\n`);
      bar.render();
    },
    [Symbol.dispose]: () => bar.stop(),
  };
};
