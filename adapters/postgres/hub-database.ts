import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { HUB_MIGRATIONS, HUB_RIGHTS } from './hub-schema.ts';

/** The schema of log, holds, open work and elections, when none is named. */
const DEFAULT_SCHEMA = 'sagahub';

export type HubDatabaseOptions = Omit<DatabaseOptions, 'migrations' | 'rights' | 'schema'> & { readonly schema?: string };

/** Connects to the schema that holds the log, the holds, the open work and the elections; creates it or brings it up to date. */
export const openHubDatabase = ({ schema = DEFAULT_SCHEMA, ...options }: HubDatabaseOptions): Promise<Database> =>
  openDatabase({ ...options, schema, migrations: HUB_MIGRATIONS, rights: HUB_RIGHTS });
