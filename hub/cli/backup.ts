import { Command } from 'commander';
import { backUp } from '../backup/backup.ts';
import { type OutputOptions, print } from './output.ts';
import { withProgress } from './progress.ts';
import { readCliConfig } from './settings.ts';

export const backupCommand = (): Command =>
  new Command('backup')
    .description('copy log, keys and demo files of a data folder, while its hub runs or not')
    .requiredOption('--to <folder>', 'an empty folder, or one to be made; keep it as safe as the keys in it')
    .option('--data-dir <folder>', 'default: HUB_DATA_DIR')
    .option('--json', 'print the manifest')
    .action(async (options: OutputOptions & { to: string; dataDir?: string }) => {
      const dataDir = options.dataDir ?? readCliConfig().dataDir;
      const manifest = await withProgress('Copying pages', 1, (update) =>
        backUp(dataDir, options.to, (_file, done, total) => update(done, total)),
      );
      const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
      print(options, manifest, () => `${options.to} holds the log up to position ${manifest.position} (${(bytes / 1e6).toFixed(1)} MB)`);
    });
