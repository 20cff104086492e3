import { Command } from 'commander';
import { verdict, verifyHistory } from './audit.ts';
import { connect } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { type OutputOptions, print, table } from './output.ts';
import { compareHolds, compareProjection, driftText, holdsText, namesOf, rebuildProjection } from './projections.ts';

interface RebuildOptions extends OutputOptions {
  readonly holds?: boolean;
  readonly dataDir?: string;
}

interface Step {
  readonly step: string;
  /** Events read, or streams, SKUs and codes compared. */
  readonly done: number;
  readonly seconds: number;
}

export const rebuildCommand = (): Command =>
  new Command('rebuild')
    .description(
      'prove the log, fold everything anew from it, and compare: after a restored backup or a lost engine (exit code 1 if anything differs)',
    )
    .option('--holds', 'with every process stopped: stock, discounts and open work anew, where the log stayed and they did not, or differ')
    .option('--data-dir <folder>', 'with --holds on the embedded profile; default: HUB_DATA_DIR')
    .option('--json', 'print the steps')
    .action(async (options: RebuildOptions) => {
      if (options.holds) {
        const { rebuildHoldsOffline } = await import('./rebuild-holds.ts');
        const rebuilt = await rebuildHoldsOffline(options.dataDir);
        return print(options, rebuilt, () => rebuilt.text);
      }
      const steps: Step[] = [];
      const timed = async <Result>(step: string, work: () => Promise<Result>, doneOf: (result: Result) => number): Promise<Result> => {
        const startedMs = performance.now();
        const result = await work();
        steps.push({ step, done: doneOf(result), seconds: Math.round(performance.now() - startedMs) / 1_000 });
        return result;
      };
      const history = await timed('log verified', verifyHistory, ({ events }) => events);
      // What is folded from a log that does not hold proves nothing.
      if (!history.intact) throw new CommandError(EXIT.failed, verdict(history));
      const client = connect('operator');
      for (const name of await namesOf(client)) {
        await timed(
          `${name} rebuilt`,
          () => rebuildProjection(client, name),
          ({ events }) => events,
        );
        const drift = await timed(
          `${name} compared`,
          () => compareProjection(client, name),
          ({ streams }) => streams,
        );
        if (drift.drifted > 0) throw new CommandError(EXIT.failed, driftText(name, drift));
      }
      const holds = await timed(
        'stock and discounts compared',
        () => compareHolds(client),
        ({ names }) => names,
      );
      if (holds.differing > 0) throw new CommandError(EXIT.failed, holdsText(holds));
      const rows = steps.map(({ step, done, seconds }) => [step, done, seconds, Math.round(done / Math.max(seconds, 0.001))]);
      print(options, steps, () => table(['step', 'done', 'seconds', 'per second'], rows));
    });
