import { Command } from 'commander';
import { connect } from './client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { moment, type OutputOptions, print, table } from './output.ts';
import { time } from './parsers.ts';

const PATH = '/api/v1/admin/consumers';

interface Consumer {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly position: string;
  readonly behindSince?: string;
  readonly waiting?: number;
  readonly retrying?: number;
  readonly readers?: number;
  readonly problem?: string;
}

export const consumersCommand = (): Command =>
  new Command('consumers')
    .description('who gets events through the broker (HUB_CONSUMERS)')
    .addCommand(listCommand())
    .addCommand(recoverCommand());

const listCommand = (): Command =>
  new Command('list')
    .description('list them, with what waits in their queues')
    .option('--json', 'print them as the API answers')
    .action(async (options: OutputOptions) => {
      const { items } = await connect('operator').call<{ items: readonly Consumer[] }>('GET', PATH);
      print(options, items, () =>
        table(
          ['consumer', 'patterns', 'waiting', 'retrying', 'readers', 'behind since', 'problem'],
          items.map(({ name, patterns, waiting, retrying, readers, behindSince, problem }) => [
            name,
            patterns.join(','),
            String(waiting ?? '?'),
            String(retrying ?? '?'),
            String(readers ?? '?'),
            moment(behindSince),
            problem,
          ]),
        ),
      );
    });

interface RecoverOptions extends OutputOptions {
  readonly since?: string;
  readonly position?: string;
  readonly reason: string;
}

const recoverCommand = (): Command =>
  new Command('recover')
    .description('bring a consumer everything again, from the log and in its order; the others get nothing of it')
    .argument('<consumer>', 'as `consumers list` names it')
    .option('--since <time>', 'what happened from then on: 2026-11-20T10:00:00Z, or how long ago, such as 2h', time)
    .option('--position <n>', 'instead: what lies behind this position of the log')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print the hub’s answer')
    .action(async (consumer: string, { since, position, reason, json }: RecoverOptions) => {
      if ((since === undefined) === (position === undefined)) throw new CommandError(EXIT.usage, 'give either --since or --position');
      const body = { ...(since !== undefined && { since }), ...(position !== undefined && { position }), reason };
      const path = `${PATH}/${encodeURIComponent(consumer)}/recover`;
      const answer = await connect('operator').call<{ position: string }>('POST', path, { body });
      print({ ...(json && { json }) }, answer, () => `${consumer} gets everything behind position ${answer.position} again`);
    });
