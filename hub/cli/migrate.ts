import { openHubDatabase } from '@sagahub/adapters/postgres/hub-database.ts';
import { openKeyDatabase } from '@sagahub/adapters/postgres/key-database.ts';
import { Command } from 'commander';
import { CommandError, EXIT } from './exit-codes.ts';
import { type OutputOptions, print } from './output.ts';
import { cliSettings, readCliConfig } from './settings.ts';

interface MigrateOptions extends OutputOptions {
  readonly hubRole?: string;
  readonly keysRole?: string;
}

export const migrateCommand = (): Command =>
  new Command('migrate')
    .description('bring the schemas of the networked profile up to date as their owner, and give the roles of the services their rights')
    .option('--hub-role <name>', 'may read and add to the log, and change what is folded from it; nothing else')
    .option('--keys-role <name>', 'may use the keys, and nothing else')
    .option('--json', 'print the schemas')
    .action(async ({ hubRole, keysRole, ...options }: MigrateOptions) => {
      const { migrateUrl, postgresUrl } = readCliConfig();
      const url = migrateUrl ?? postgresUrl;
      if (url === undefined) throw new CommandError(EXIT.usage, 'set HUB_MIGRATE_URL, or HUB_POSTGRES_URL');
      const database = { url, setting: migrateUrl === undefined ? 'HUB_POSTGRES_URL' : cliSettings.migrateUrl.env };
      await using hub = await openHubDatabase({ ...database, role: hubRole });
      await using keys = await openKeyDatabase({ ...database, role: keysRole });
      const schemas = [
        { schema: hub.schema, role: hubRole },
        { schema: keys.schema, role: keysRole },
      ];
      const line = ({ schema, role }: (typeof schemas)[number]) => `${schema} is up to date${role === undefined ? '' : `, for ${role}`}`;
      print(options, schemas, () => schemas.map(line).join('\n'));
    });
