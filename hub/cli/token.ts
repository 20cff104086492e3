import { Command } from 'commander';
import { connect } from './client.ts';
import type { Role } from './credentials.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { type OutputOptions, print } from './output.ts';

const ROLES: readonly Role[] = ['demo', 'operator', 'auditor'];

export const tokenCommand = (): Command =>
  new Command('token')
    .description('print an access token, e.g. for curl')
    .option('--client <name>', `a demo hub’s client: ${ROLES.join(', ')} (ignored when HUB_CLIENT_ID is set)`, 'demo')
    .option('--scope <list>', 'only these scopes, separated by spaces')
    .option('--json', 'with client and hub')
    .action(async (options: OutputOptions & { client: string; scope?: string }) => {
      const role = ROLES.find((name) => name === options.client);
      if (!role) throw new CommandError(EXIT.usage, `there is no demo client "${options.client}"; there are ${ROLES.join(', ')}`);
      const client = connect(role, options.scope === undefined ? {} : { scope: options.scope });
      const token = await client.token();
      print(options, { token, clientId: client.clientId, url: client.url }, () => token);
    });
