import { Command } from 'commander';
import { connect, query } from './client.ts';
import { type Filter, filtered } from './dead-letters.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { facts, moment, note, type OutputOptions, print, table } from './output.ts';
import { wholeNumber } from './parsers.ts';
import { followRedrive, itemsOf, itemTable, type Redrive, REDRIVES_PATH, reportRedrive, startRedrive } from './redrive-run.ts';

export const redrivesCommand = (): Command =>
  new Command('redrives')
    .description('jobs that try many dead letters again, with an outcome for each')
    .addCommand(startCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(itemsCommand())
    .addCommand(watchCommand())
    .addCommand(actCommand('pause', 'send no more items for now'))
    .addCommand(actCommand('resume', 'go on with a paused one'))
    .addCommand(actCommand('cancel', 'send nothing more; what was sent is followed to its outcome'));

type StartOptions = OutputOptions &
  Filter & { readonly reason: string; readonly dryRun?: boolean; readonly rate: number; detach?: boolean };

const startCommand = (): Command =>
  filtered(new Command('start'))
    .description('redrive all open dead letters that fit the filter, or those named; begin with --dry-run')
    .argument('[deadLetterId...]')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--dry-run', 'send nothing; tell what would be sent, and what was already applied')
    .option('--rate <n>', 'items a second', wholeNumber(1, 1_000), 50)
    .option('--detach', 'do not wait for its end')
    .option('--json', 'one item a line')
    .action(async (ids: readonly string[], { reason, dryRun = false, rate, detach, json, ...filter }: StartOptions) => {
      if (ids.length > 0 && Object.keys(filter).length > 0) throw new CommandError(EXIT.usage, 'name dead letters, or give a filter');
      const client = connect('operator');
      const chosen = ids.length > 0 ? { deadLetterIds: ids } : { filter };
      const job = await startRedrive(client, { ...chosen, reason, dryRun, ratePerSecond: rate });
      if (detach) return print({ ...(json && { json }) }, job, () => jobFacts(job));
      note(`redrive ${job.redriveId} started`);
      await reportRedrive(client, await followRedrive(client, job.redriveId), { ...(json && { json }) });
    });

const listCommand = (): Command =>
  new Command('list')
    .description('list them, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 200), 20)
    .option('--json', 'print them as the API answers')
    .action(async ({ limit, ...options }: OutputOptions & { readonly limit: number }) => {
      const { items } = await connect('operator').call<{ items: readonly Redrive[] }>('GET', `${REDRIVES_PATH}${query({ limit })}`);
      const rows = items.map((job) => [
        job.redriveId,
        job.status,
        job.dryRun ? 'dry run' : undefined,
        job.total,
        countsOf(job),
        moment(job.requestedAt),
        job.by,
        job.reason,
      ]);
      print(options, items, () =>
        rows.length > 0 ? table(['redrive', 'status', '', 'items', 'outcomes', 'requested', 'by', 'reason'], rows) : 'no redrives',
      );
    });

const showCommand = (): Command =>
  new Command('show')
    .description('one redrive with its counts')
    .argument('<redriveId>')
    .option('--json', 'print it as the API answers')
    .action(async (redriveId: string, options: OutputOptions) => {
      const job = await connect('operator').call<Redrive>('GET', `${REDRIVES_PATH}/${encodeURIComponent(redriveId)}`);
      print(options, job, () => jobFacts(job));
    });

const itemsCommand = (): Command =>
  new Command('items')
    .description('what became of each item')
    .argument('<redriveId>')
    .option('--outcome <outcomes>', 'such as failed-again,skipped')
    .option('--json', 'one item a line')
    .action(async (redriveId: string, { outcome, json }: OutputOptions & { readonly outcome?: string }) => {
      const items = itemsOf(connect('operator'), redriveId, outcome);
      if (json) for await (const item of items) console.log(JSON.stringify(item));
      else console.log(itemTable(await Array.fromAsync(items)));
    });

const watchCommand = (): Command =>
  new Command('watch')
    .description('follow one to its end, and tell what became of its items')
    .argument('<redriveId>')
    .option('--json', 'one item a line')
    .action(async (redriveId: string, options: OutputOptions) => {
      const client = connect('operator');
      await reportRedrive(client, await followRedrive(client, redriveId), options);
    });

const actCommand = (act: 'pause' | 'resume' | 'cancel', description: string): Command =>
  new Command(act)
    .description(description)
    .argument('<redriveId>')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print it as the API answers')
    .action(async (redriveId: string, { reason, ...options }: OutputOptions & { readonly reason: string }) => {
      const path = `${REDRIVES_PATH}/${encodeURIComponent(redriveId)}/${act}`;
      const job = await connect('operator').call<Redrive>('POST', path, { body: { reason } });
      print(options, job, () => jobFacts(job));
    });

const countsOf = ({ counts }: Redrive): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');

const jobFacts = ({ counts: _counts, requestedAt, ...job }: Redrive): string =>
  facts({
    redriveId: job.redriveId,
    status: job.status,
    dryRun: job.dryRun,
    ratePerSecond: job.ratePerSecond,
    items: job.total,
    underWay: job.underWay,
    outcomes: countsOf({ ...job, counts: _counts, requestedAt }),
    requestedAt: moment(requestedAt),
    by: job.by,
    reason: job.reason,
  });
