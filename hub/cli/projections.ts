import type { DriftReport, HoldsReport, ProjectionStatus, RebuildProgress } from '@sagahub/contracts/api/operations-views.ts';
import { Command } from 'commander';
import { connect, type HubClient, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { type OutputOptions, print, table } from './output.ts';
import { wholeNumber } from './parsers.ts';
import { withProgress } from './progress.ts';

const PATH = '/api/v1/admin/projections';

export const projectionsCommand = (): Command =>
  new Command('projections')
    .description('the read model: how current it is, whether it is right, building it anew')
    .addCommand(statusCommand())
    .addCommand(rebuildCommand())
    .addCommand(driftCommand());

const listed = async (client: HubClient): Promise<readonly ProjectionStatus[]> =>
  (await client.call<{ items: readonly ProjectionStatus[] }>('GET', PATH)).items;

const statusCommand = (): Command =>
  new Command('status')
    .description('how far every projection is behind the log')
    .option('--json', 'print it as the API answers')
    .action(async (options: OutputOptions) => {
      const items = await listed(connect('operator'));
      const rows = items.map((item) => [item.name, item.lagEvents, item.lagSeconds.toFixed(1), item.parked, stateOf(item)]);
      print(options, items, () => table(['projection', 'events behind', 'seconds behind', 'parked', 'state'], rows));
    });

const stateOf = ({ failing, rebuilding }: ProjectionStatus): string => {
  if (failing !== undefined) return `failing: ${failing}`;
  return rebuilding ? `rebuilding, ${rebuilding.events} of ${rebuilding.total} events` : 'running';
};

/** The named projections, or all. */
export const namesOf = async (client: HubClient, names: readonly string[] = []): Promise<readonly string[]> =>
  names.length > 0 ? names : (await listed(client)).map(({ name }) => name);

/** Folds one anew; resolves with how it went. */
export const rebuildProjection = (client: HubClient, name: string): Promise<RebuildProgress> =>
  withProgress(`Rebuilding ${name}`, 1, (update) =>
    lastOf<RebuildProgress>(client, `${PATH}/${encodeURIComponent(name)}/rebuild`, ({ events, total }) => update(events, total)),
  );

/** Compares one with the log, all streams or one in `sample`. */
export const compareProjection = (client: HubClient, name: string, sample?: number): Promise<DriftReport> =>
  withProgress(`Comparing ${name}`, undefined, (update) =>
    lastOf<DriftReport>(client, `${PATH}/${encodeURIComponent(name)}/drift${query({ sample })}`, ({ streams }) => update(streams)),
  );

/** Compares stock and discounts with the log. */
export const compareHolds = (client: HubClient): Promise<HoldsReport> =>
  withProgress('Comparing stock and discounts', undefined, (update) =>
    lastOf<HoldsReport>(client, '/api/v1/admin/holds/drift', ({ names }) => update(names)),
  );

export const holdsText = ({ differing, differences }: HoldsReport): string => {
  const rows = differences.map(({ kind, name, field, expected, actual }) => [kind, name, field, expected ?? 'none', actual ?? 'none']);
  const told = table(['what', 'name', 'of it', 'by the log', 'in the table'], rows);
  return `stock or discounts differ from the log in ${differing} places: stop every process, run sagahub rebuild --holds, and start again\n${told}`;
};

const rebuildCommand = (): Command =>
  new Command('rebuild')
    .description('fold the whole log into new documents; the old ones are read until the new ones take their place')
    .argument('[name...]', 'default: all projections')
    .option('--json', 'one result a line')
    .action(async (names: readonly string[], options: OutputOptions) => {
      const client = connect('operator');
      for (const name of await namesOf(client, names)) {
        const result = await rebuildProjection(client, name);
        print(options, { name, ...result }, () => `${name}: ${result.events} events folded, ${Math.round(result.eventsPerSecond)}/s`);
      }
    });

const driftCommand = (): Command =>
  new Command('drift')
    .description('compare the documents with the log (exit code 1 if they differ)')
    .argument('[name...]', 'default: all projections')
    .option('--sample <n>', 'compare one stream in this many', wholeNumber(1, 1_000_000_000))
    .option('--json', 'one result a line')
    .action(async (names: readonly string[], options: OutputOptions & { sample?: number }) => {
      const client = connect('operator');
      for (const name of await namesOf(client, names)) {
        const result = await compareProjection(client, name, options.sample);
        print(options, { name, ...result }, () => driftText(name, result));
        if (result.drifted > 0) process.exitCode = EXIT.failed;
      }
    });

export const driftText = (name: string, { streams, drifted, differences }: DriftReport): string => {
  if (drifted === 0) return `${name}: ${streams} streams, no difference`;
  const rows = differences.map(({ collection, id, kind, paths }) => [collection, id, kind, paths.join(' ')]);
  return `${name}: ${drifted} of ${streams} streams differ\n${table(['collection', 'document', 'how', 'where'], rows)}`;
};

/** Follows long work to its last report, which is the result. */
const lastOf = async <Report extends { readonly finished: boolean }>(
  client: HubClient,
  path: string,
  onReport: (report: Report) => void,
): Promise<Report> => {
  let last: Report | undefined;
  for await (const line of client.lines('POST', path)) {
    last = JSON.parse(line) as Report;
    onReport(last);
  }
  if (!last?.finished) throw new CommandError(EXIT.unreachable, 'the answer broke off before its end; see "sagahub projections status"');
  return last;
};
