import { Command } from 'commander';
import { connect, query } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { FlowCommands } from './flow-commands.ts';
import type { OutputOptions } from './output.ts';
import { time, wholeNumber } from './parsers.ts';

interface ListOptions extends OutputOptions {
  readonly status?: string;
  readonly from?: string;
  readonly to?: string;
  readonly all?: boolean;
  readonly partner?: string;
  readonly limit: number;
}

/** @param tableOf of summaries as the flow's list answers them */
export const listCommand = (flow: FlowCommands, tableOf: (items: readonly any[], withPartner: boolean) => string): Command =>
  new Command('list')
    .description(`list ${flow.many}, newest first`)
    .option('--status <list>', 'only these, separated by commas')
    .option(`--${flow.number.name} <text>`, `only this ${flow.one} ${flow.number.name}`)
    .option('--from <time>', 'received at or after this time, or this long ago', time)
    .option('--to <time>', 'received before', time)
    .option('--all', 'of all partners (needs the scope admin)')
    .option('--partner <id>', 'of this partner (with --all)')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000_000), 50)
    .option('--json', `one ${flow.one} a line`)
    .action(async (options: ListOptions) => {
      const items = await listed(flow, options);
      if (options.json) for (const item of items) console.log(JSON.stringify(item));
      else console.log(items.length === 0 ? `no ${flow.many}` : tableOf(items, options.all === true));
    });

const PAGE = 200;

const listed = async (flow: FlowCommands, { status, from, to, all, partner, limit, ...named }: ListOptions): Promise<readonly object[]> => {
  if (partner !== undefined && !all) throw new CommandError(EXIT.usage, '--partner is for operators: add --all');
  const client = connect(all ? 'operator' : 'demo');
  const number = (named as Readonly<Record<string, string | undefined>>)[flow.number.name];
  const filter = { status, [flow.number.member]: number, receivedFrom: from, receivedTo: to, partnerId: partner };
  const items: object[] = [];
  for (let cursor: string | undefined; ; ) {
    const parameters = { ...filter, limit: Math.min(PAGE, limit - items.length), cursor };
    const page = await client.call<{ items: readonly object[]; next?: string }>(
      'GET',
      `${all ? flow.adminPath : flow.path}${query(parameters)}`,
    );
    items.push(...page.items);
    cursor = page.next;
    if (cursor === undefined || items.length >= limit) return items;
  }
};
