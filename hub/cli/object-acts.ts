import { Command } from 'commander';
import { connect } from './client.ts';
import type { FlowCommands } from './flow-commands.ts';
import { objectIdOf } from './object-reference.ts';
import { type OutputOptions, print } from './output.ts';

interface ActOptions extends OutputOptions {
  readonly reason: string;
  readonly ifMatch?: string;
}
interface Acted {
  readonly recorded: readonly string[];
  readonly revision: number;
}

/** What operators do about an object that is stuck. */
export const actCommands = (flow: FlowCommands): readonly Command[] => [
  act(flow, 'retry', `try again what ${flow.aOne} is stuck at`),
  act(flow, 'compensate', `give ${flow.aOne} up: it is undone and ends`),
];

/** One that takes more than a reason. @param bodyOf what is sent beside it */
export const act = (
  flow: FlowCommands,
  name: string,
  description: string,
  bodyOf: (options: Readonly<Record<string, string>>) => object = () => ({}),
): Command =>
  new Command(name)
    .description(description)
    .argument(`<${flow.one}>`, `its id or its ${flow.number.name}`)
    .requiredOption('--reason <text>', 'kept in the history')
    .option('--if-match <etag>', `only if the ${flow.one} has not changed since you read it`)
    .option('--json', 'print the hub’s answer')
    .action(async (named: string, { reason, ifMatch, json, ...options }: ActOptions & Readonly<Record<string, any>>) => {
      const client = connect('operator');
      const id = await objectIdOf(flow, client, named, flow.adminPath);
      const headers = { ...(ifMatch !== undefined && { 'if-match': ifMatch }) };
      const path = `${flow.adminPath}/${encodeURIComponent(id)}/${name}`;
      const { body } = await client.exchange('POST', path, { body: { ...bodyOf(options), reason }, headers });
      const acted = body as Acted;
      print({ ...(json !== undefined && { json }) }, acted, () => `${id}  ${acted.recorded.join(', ')}`);
    });
