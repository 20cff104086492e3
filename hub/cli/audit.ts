import type { AuditFault, AuditReport } from '@sagahub/contracts/api/operations-views.ts';
import { Command } from 'commander';
import { auditOperatorsCommand } from './audit-operators.ts';
import { auditReplayCommand } from './audit-replay.ts';
import { connect } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { note, type OutputOptions, print } from './output.ts';
import { withProgress } from './progress.ts';

interface VerifyOptions extends OutputOptions {
  readonly file?: string;
  readonly dataDir?: string;
  readonly partial?: boolean;
  readonly atLeast?: string;
}

export const auditCommand = (): Command =>
  new Command('audit')
    .description('prove the history: verify its hashes, replay it, see who did what')
    .addCommand(verifyCommand())
    .addCommand(auditOperatorsCommand())
    .addCommand(auditReplayCommand());

const verifyCommand = (): Command =>
  new Command('verify')
    .description('recompute every hash; name the first event edited, removed or moved (exit code 1)')
    .option('--file <export>', 'of an exported log instead of the running hub')
    .option('--data-dir <folder>', 'of the data folder of a stopped hub, or of a copy of one')
    .option('--partial', 'the export is of some streams only, so positions may be missing')
    .option('--at-least <ordinal>', 'the log has held so many events (from an earlier report): fewer means that its end was removed')
    .option('--json', 'print the report')
    .action(async (options: VerifyOptions) => {
      if (options.file !== undefined && options.dataDir !== undefined)
        throw new CommandError(EXIT.usage, 'name a --file or a --data-dir, not both');
      if (options.atLeast !== undefined && !/^\d+$/.test(options.atLeast))
        throw new CommandError(EXIT.usage, '--at-least takes a number of events');
      const report = await verifyHistory(options);
      print(options, report, () => verdict(report));
      if (!report.intact) process.exitCode = EXIT.failed;
    });

/** Of the running hub, unless a file or a folder is named. */
export const verifyHistory = async (options: VerifyOptions = {}): Promise<Report> => lastReport(await reports(options));

/** What is printed wherever the log was read. */
type Report = Omit<AuditReport, 'head' | 'fault'> & { readonly fault?: Omit<AuditFault, 'position'> | undefined };

const lastReport = async (all: AsyncIterable<Report>): Promise<Report> => {
  const last = await withProgress('Verifying events', undefined, async (update) => {
    let newest: Report | undefined;
    for await (newest of all) update(newest.events);
    return newest;
  });
  if (!last?.finished) throw new CommandError(EXIT.unreachable, 'the verification broke off before its end');
  return last;
};

const reports = async (options: VerifyOptions): Promise<AsyncIterable<Report>> => {
  if (options.file === undefined && options.dataDir === undefined) return online();
  const { localReports } = await import('./audit-local.ts');
  return localReports(options);
};

async function* online(): AsyncGenerator<Report> {
  for await (const line of connect('auditor').lines('POST', '/api/v1/admin/audit/verify')) yield JSON.parse(line) as AuditReport;
}

export const verdict = ({ events, streams, intact, fault }: Report): string => {
  if (intact) return `intact: ${events} events in ${streams} streams`;
  if (events > 0) note(`${events} events before it are intact`);
  const place = [
    fault?.ordinal === undefined ? undefined : `position ${fault.ordinal}`,
    fault?.stream,
    fault?.revision === undefined ? undefined : `revision ${fault.revision}`,
  ];
  return `NOT INTACT: ${fault?.kind ?? 'damaged'} at ${place.filter(Boolean).join(', ')}: ${fault?.detail ?? ''}`;
};
