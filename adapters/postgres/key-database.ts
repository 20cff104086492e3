import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { KEY_MIGRATIONS, KEY_RIGHTS } from './key-schema.ts';

const DEFAULT_SCHEMA = 'sagahub_keys';

export type KeyDatabaseOptions = Omit<DatabaseOptions, 'migrations' | 'rights' | 'schema'> & {
  /** Of the keys alone: it is not in the log's backups. Default `sagahub_keys`. */
  readonly schema?: string;
};

/** Connects to the schema that holds keys and secrets; creates it or brings it up to date. */
export const openKeyDatabase = ({ schema = DEFAULT_SCHEMA, ...options }: KeyDatabaseOptions): Promise<Database> =>
  openDatabase({ connections: 2, ...options, schema, migrations: KEY_MIGRATIONS, rights: KEY_RIGHTS });
