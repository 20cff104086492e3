import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import { type Options, parse } from 'csv-parse';
import { backOff, connect, type HubClient, isTransient, ProblemError } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { type OutputOptions, print } from './output.ts';
import { wholeNumber } from './parsers.ts';
import { withProgress } from './progress.ts';

interface Level {
  readonly sku: string;
  readonly available: string;
}

const INVENTORY = '/api/v1/admin/inventory';
const ATTEMPTS = 8;

export const stockCommand = (): Command => new Command('stock').description('stock levels').addCommand(importCommand());

const importCommand = (): Command =>
  new Command('import')
    .description('load stock levels from CSV with the columns sku and available; SKUs that are not named stay as they are')
    .argument('<file>')
    .option('--sku <column>', 'the column with the SKU', 'sku')
    .option('--available <column>', 'the column with what is free to sell', 'available')
    .option('--delimiter <character>', 'between columns', ',')
    .option('--batch <n>', 'levels per request', wholeNumber(1, 100_000), 5_000)
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: OutputOptions & { sku: string; available: string; delimiter: string; batch: number }) => {
      const levels = await readLevels(file, options);
      const client = connect('operator');
      await withProgress('Loading levels', levels.length, async (update) => {
        for (let from = 0; from < levels.length; from += options.batch) {
          await load(client, levels.slice(from, from + options.batch), from);
          update(Math.min(levels.length, from + options.batch));
        }
      });
      print(options, { file, levels: levels.length }, () => `${levels.length} levels loaded`);
    });

/** Of a SKU that is named more than once, the last level counts. */
const readLevels = async (
  file: string,
  { sku, available, delimiter }: { sku: string; available: string; delimiter: string },
): Promise<readonly Level[]> => {
  const csv: Options = { delimiter, bom: true, columns: true, skip_empty_lines: true, trim: true };
  const levels = new Map<string, Level>();
  try {
    const input = createReadStream(file);
    const parser = parse(csv);
    input.on('error', (error) => parser.destroy(error));
    for await (const row of input.pipe(parser) as AsyncIterable<Record<string, string>>) {
      const [name, level] = [row[sku], row[available]];
      if (name === undefined || level === undefined) throw new Error(`it needs the columns ${sku} and ${available}`);
      levels.delete(name);
      levels.set(name, { sku: name, available: level });
    }
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return [...levels.values()];
};

/** Loading a level twice sets it twice to the same, so a lost answer is simply repeated. */
const load = async (client: HubClient, items: readonly Level[], from: number): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    try {
      await client.call('PUT', INVENTORY, { body: { items } });
      return;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.errors) throw named(error, items, from);
      if (!isTransient(error) || attempt === ATTEMPTS) throw error;
      await backOff(attempt, error);
    }
  }
};

const named = ({ problem }: ProblemError, items: readonly Level[], from: number): CommandError => {
  const faults = (problem.errors ?? []).slice(0, 20).map(({ pointer = '', detail }) => {
    const item = items[Number(/^#\/items\/(\d+)/.exec(pointer)?.[1] ?? Number.NaN)];
    return `  ${item?.sku ?? pointer}: ${detail}`;
  });
  const before = from > 0 ? `; the ${from} levels before this batch are loaded` : '';
  return new CommandError(EXIT.refused, `levels were refused${before}:\n${faults.join('\n')}`);
};
