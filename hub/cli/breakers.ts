import { Command } from 'commander';
import { connect } from './client.ts';
import { facts, moment, type OutputOptions, print, table } from './output.ts';

const PATH = '/api/v1/admin/breakers';
const pathOf = (connector: string): string => `${PATH}/${encodeURIComponent(connector)}`;

interface Breaker {
  readonly connector: string;
  readonly state: string;
  readonly cause?: string;
  readonly since?: string;
  readonly by?: string;
  readonly nextProbeAt?: string;
  readonly lastFailure?: string;
}
interface BreakerDetail extends Breaker {
  readonly history: readonly { readonly at: string; readonly state: string; readonly by: string; readonly reason?: string }[];
}

export const breakersCommand = (): Command =>
  new Command('breakers')
    .description('whether third parties are called at present')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(actCommand('open', 'stop calling a third party until somebody closes its breaker; orders wait'))
    .addCommand(actCommand('close', 'call a third party again; waiting orders go at a controlled rate'));

const listCommand = (): Command =>
  new Command('list')
    .description('list the breakers of all third parties')
    .option('--json', 'print them as the API answers')
    .action(async (options: OutputOptions) => {
      const { items } = await connect('operator').call<{ items: readonly Breaker[] }>('GET', PATH);
      print(options, items, () =>
        table(
          ['breaker', 'state', 'since', 'by', 'next probe', 'cause'],
          items.map(({ connector, state, since, by, nextProbeAt, cause }) => [
            connector,
            state,
            moment(since),
            by,
            moment(nextProbeAt),
            cause,
          ]),
        ),
      );
    });

const showCommand = (): Command =>
  new Command('show')
    .description('show a breaker with its openings and closings')
    .argument('<breaker>', 'such as erp')
    .option('--json', 'print it as the API answers')
    .action(async (connector: string, options: OutputOptions) => {
      const detail = await connect('operator').call<BreakerDetail>('GET', pathOf(connector));
      print(options, detail, () => {
        const { history, ...breaker } = detail;
        const rows = history.map(({ at, state, by, reason }) => [moment(at), state, by, reason]);
        return [factsOf(breaker), '', rows.length > 0 ? table(['when', 'became', 'by', 'why'], rows) : 'it has never been open'].join('\n');
      });
    });

const actCommand = (name: 'open' | 'close', description: string): Command =>
  new Command(name)
    .description(description)
    .argument('<breaker>', 'such as erp')
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--json', 'print the hub’s answer')
    .action(async (connector: string, { reason, json }: OutputOptions & { readonly reason: string }) => {
      const breaker = await connect('operator').call<Breaker>('POST', `${pathOf(connector)}/${name}`, { body: { reason } });
      print({ ...(json && { json }) }, breaker, () => factsOf(breaker));
    });

const factsOf = ({ connector, state, since, by, nextProbeAt, cause, lastFailure }: Breaker): string =>
  facts({ breaker: connector, state, since: moment(since), by, 'next probe': moment(nextProbeAt), cause, 'last failure': lastFailure });
