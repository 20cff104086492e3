import type { HealthView } from '@sagahub/contracts/api/object-views.ts';
import { Command } from 'commander';
import { connect, query } from './client.ts';
import { moment, note, type OutputOptions, print, table } from './output.ts';
import { wholeNumber } from './parsers.ts';

const PATH = '/api/v1/admin/work';

interface Work {
  readonly flow: string;
  readonly objectId: string;
  readonly number: string;
  readonly partnerId: string;
  readonly health: HealthView;
}
interface Count {
  readonly flow: string;
  readonly state: string;
  readonly cause: string;
  readonly waitsFor: string;
  readonly count: number;
  readonly oldestSince: string;
  readonly oldestObjectId: string;
}
type ListOptions = OutputOptions & { readonly limit: number; readonly partner?: string } & Readonly<Record<string, any>>;

export const workCommand = (): Command =>
  new Command('work').description('what waits, is overdue or stuck, and why').addCommand(listCommand()).addCommand(summaryCommand());

const listCommand = (): Command =>
  new Command('list')
    .description('orders and payments that wait, oldest first')
    .option('--flow <flow>', 'of one alone: order, payment')
    .option('--state <states>', 'moving, waiting, overdue, stuck; several separated by commas')
    .option('--cause <cause>', 'as `work summary` names it')
    .option('--waits-for <whom>', 'hub, erp, erp-cancellation, processor, reversal, retry, operator')
    .option('--partner <id>', 'of this partner alone')
    .option('--older-than <duration>', 'waiting for longer, such as 15m or 2d')
    .option('--limit <n>', 'at most so many', wholeNumber(1, 200), 50)
    .option('--json', 'print them as the API answers')
    .action(async ({ json, partner: partnerId, ...filter }: ListOptions) => {
      const { items, next } = await connect('operator').call<{ items: readonly Work[]; next?: string }>(
        'GET',
        `${PATH}${query({ ...filter, partnerId })}`,
      );
      print({ ...(json !== undefined && { json }) }, items, () => (items.length > 0 ? workTable(items) : 'nothing waits'));
      if (next !== undefined) note('there are more; see --limit');
    });

const workTable = (items: readonly Work[]): string =>
  table(
    ['flow', 'object', 'number', 'partner', 'state', 'waits for', 'attempt', 'since', 'next', 'cause'],
    items.map(({ flow, objectId, number, partnerId, health }) => [
      flow,
      objectId,
      number,
      partnerId,
      health.state,
      health.waitsFor,
      health.round ? `${health.round.attempt} of ${health.round.of}` : health.attempt,
      moment(health.since),
      moment(health.nextAt),
      health.cause,
    ]),
  );

const summaryCommand = (): Command =>
  new Command('summary')
    .description('what is in flight counted by flow, state and cause, with the oldest of each')
    .option('--json', 'print it as the API answers')
    .action(async (options: OutputOptions) => {
      const answer = await connect('operator').call<{ items: readonly Count[]; complete: boolean }>('GET', `${PATH}/summary`);
      const rows = answer.items.map((item) => [
        item.count,
        item.flow,
        item.state,
        item.waitsFor,
        item.cause,
        moment(item.oldestSince),
        item.oldestObjectId,
      ]);
      print(options, answer, () =>
        rows.length > 0 ? table(['count', 'flow', 'state', 'waits for', 'cause', 'oldest since', 'oldest'], rows) : 'nothing is in flight',
      );
      if (!answer.complete) note('more are in flight than were counted');
    });
