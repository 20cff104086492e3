import { type ConfigOf, readConfig, type Settings, url } from '@sagahub/contracts/config.ts';
import { gatewaySettings } from '@sagahub/gateway/config.ts';
import { z } from 'zod';
import { networkedSettings } from '../networked/settings.ts';
import { hubSettings } from '../settings.ts';

/** What the command line reads from the environment to find the hub and to say who is calling. */
export const cliSettings = {
  url: { env: 'HUB_URL', schema: url(), description: 'The hub that `sagahub` talks to. Default: this machine, at `PORT` (8080).' },
  clientId: { env: 'HUB_CLIENT_ID', schema: z.string().optional(), description: 'The OAuth client that `sagahub` acts as.' },
  clientSecret: { env: 'HUB_CLIENT_SECRET', schema: z.string().optional(), description: 'Its secret.', secret: true },
  migrateUrl: {
    env: 'HUB_MIGRATE_URL',
    schema: z.string().optional(),
    description: 'PostgreSQL as the user who owns the schemas, for `sagahub migrate`. Default: `HUB_POSTGRES_URL`.',
    secret: true,
  },
} satisfies Settings;

/** With what it shares with the hub: where a local one keeps its data, and its port. */
const readSettings = {
  ...cliSettings,
  postgresUrl: { ...networkedSettings.postgresUrl, schema: z.string().optional() },
  profile: hubSettings.profile,
  dataDir: hubSettings.dataDir,
  port: gatewaySettings.port,
};
export type CliConfig = ConfigOf<typeof readSettings>;

export const readCliConfig = (env: NodeJS.ProcessEnv = process.env): CliConfig => readConfig(readSettings, env);

/** Without a trailing slash. */
export const hubUrlOf = ({ url: given, port }: CliConfig): string => (given ?? `http://127.0.0.1:${port}`).replace(/\/$/, '');
