import { Command } from 'commander';
import { connect } from './client.ts';
import type { FlowCommands } from './flow-commands.ts';
import { objectIdOf } from './object-reference.ts';
import { type OutputOptions, print } from './output.ts';

/** What a partner asks for about its own objects, such as to cancel them. @param name of the command, and last part of the path */
export const askCommand = (flow: FlowCommands, name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .argument(`<${flow.one}...>`, `ids or ${flow.number.name}s`)
    .option('--reason <text>', 'kept in the history, in clear')
    .option('--json', 'one answer a line')
    .action(async (names: readonly string[], options: OutputOptions & { reason?: string }) => {
      const client = connect('demo');
      const body = options.reason === undefined ? {} : { reason: options.reason };
      for (const named of names) {
        const path = `${flow.path}/${await objectIdOf(flow, client, named)}/${name}`;
        const answer = await client.call<{ status: string } & Readonly<Record<string, string>>>('POST', path, { body });
        print(options, answer, () => `${answer[flow.id]}  ${answer.status}`);
      }
    });
