import type { OperatorAct } from '@sagahub/contracts/messages/operator.ts';
import { Command } from 'commander';
import { connect, query } from './client.ts';
import { moment, note, type OutputOptions, print, table } from './output.ts';
import { time, wholeNumber } from './parsers.ts';

interface Options extends OutputOptions {
  readonly by?: string;
  readonly action?: string;
  readonly object?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

export const auditOperatorsCommand = (): Command =>
  new Command('operators')
    .description('who did what as an operator, when, why and from where')
    .option('--by <client>', 'acts of this client')
    .option('--action <operation>', 'of this operation, such as suspendPartner')
    .option('--object <object>', 'on this object, such as partners/acme')
    .option('--outcome <outcome>', 'done, refused or unknown')
    .option('--from <time>', 'at or after', time)
    .option('--to <time>', 'before', time)
    .option('--limit <n>', 'at most so many', wholeNumber(1, 500), 50)
    .option('--json', 'print them as the API answers')
    .action(async ({ json, ...filter }: Options) => {
      const path = `/api/v1/audit/operators${query({ ...filter })}`;
      const { items, next } = await connect('auditor').call<{ items: readonly OperatorAct[]; next?: string }>('GET', path);
      print({ ...(json && { json }) }, items, () => (items.length > 0 ? actTable(items) : 'no acts'));
      if (next !== undefined) note('there are more; see --limit');
    });

const actTable = (acts: readonly OperatorAct[]): string =>
  table(
    ['when', 'who', 'did', 'on', 'outcome', 'from', 'why'],
    acts.map(({ at, by, action, object, outcome, code, remoteAddress, reason }) => [
      moment(at),
      by.replace(/^client:/, ''),
      action,
      object,
      code ?? outcome,
      remoteAddress,
      reason,
    ]),
  );
