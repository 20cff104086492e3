import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CREDENTIALS_FILE, type DemoCredentials } from '../demo-installation.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { CliConfig } from './settings.ts';

/** As whom a command acts when nobody said: the demo client that may do it. */
export type Role = keyof DemoCredentials;

export interface Credential {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The configured client, or else the demo client of a local data folder. */
export const credentialFor = (role: Role, { clientId, clientSecret, dataDir }: CliConfig): Credential => {
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  if (clientId !== undefined || clientSecret !== undefined)
    throw new CommandError(EXIT.usage, 'set both HUB_CLIENT_ID and HUB_CLIENT_SECRET (or HUB_CLIENT_SECRET_FILE), or neither');
  const credential = demoCredentials(dataDir)?.[role];
  if (credential) return credential;
  throw new CommandError(
    EXIT.unauthorized,
    `who is calling? Set HUB_CLIENT_ID and HUB_CLIENT_SECRET, or HUB_DATA_DIR to the data folder of a demo hub (there is no ${join(dataDir, CREDENTIALS_FILE)})`,
  );
};

const demoCredentials = (dataDir: string): DemoCredentials | undefined => {
  const path = join(dataDir, CREDENTIALS_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as DemoCredentials) : undefined;
};
