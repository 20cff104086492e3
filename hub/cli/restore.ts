import { Command } from 'commander';
import { restore } from '../backup/restore.ts';
import { type OutputOptions, print } from './output.ts';
import { withProgress } from './progress.ts';

export const restoreCommand = (): Command =>
  new Command('restore')
    .description('make a data folder of a backup, after proving that it is whole and unaltered')
    .requiredOption('--from <folder>', 'the backup')
    .requiredOption('--to <folder>', 'the data folder: empty, or to be made')
    .option('--json', 'print the manifest')
    .action(async (options: OutputOptions & { from: string; to: string }) => {
      const manifest = await withProgress('Verifying events', 1, (update) => restore(options.from, options.to, update));
      const { madeAt, position } = manifest;
      print(
        options,
        manifest,
        () => `${options.to} is the hub as of ${madeAt} (position ${position}). Start it with HUB_DATA_DIR=${options.to}`,
      );
    });
