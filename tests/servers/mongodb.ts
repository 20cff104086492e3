import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { TEST_CERTIFICATE } from '../../adapters/http/testing/certificate.ts';
import { freePort, hasCommand, type LocalServer, startLocalServer, temporaryFolder } from './local-server.ts';

/** What `install-ferretdb.sh` builds: a server that speaks MongoDB's protocol, without transactions and change streams. */
const FERRETDB = join(process.env['HUB_TEST_TOOLS_DIR'] ?? join(homedir(), '.cache', 'sagahub'), 'ferretdb-1.24.0', 'ferretdb');

/** The server that is used here: MongoDB itself where it is installed. */
export const serverName = (): string | undefined =>
  hasCommand('mongod') ? 'mongod' : existsSync(FERRETDB) ? 'FerretDB 1.24.0' : undefined;

/** It makes much garbage of little memory, and would spend a third of its time on collecting it. */
const FERRETDB_ENV = { ...process.env, GOGC: '400' };

/** Why it cannot run here; `undefined` when it can. */
export const availability = (): string | undefined =>
  serverName() === undefined
    ? 'mongod is not installed, and FerretDB is not built (tests/servers/install-ferretdb.sh builds it, with Go)'
    : undefined;

export interface MongoDbServer extends LocalServer {
  /** Of the same server, over TLS with the certificate of the tests; FerretDB only. */
  readonly tlsUrl: string | undefined;
  /** The URL with a database of that name. */
  database(name: string): string;
  /** Takes away all that it holds, while it does not run. */
  empty(): Promise<void>;
}

export interface MongoDbOptions {
  /**
   * Where FerretDB keeps the documents: a PostgreSQL database of its own. Without it SQLite, which needs nothing but replaces only about 40
   * documents a second, where PostgreSQL takes 800.
   */
  readonly postgresUrl?: string;
}

export const startMongoDb = async ({ postgresUrl }: MongoDbOptions = {}): Promise<MongoDbServer> => {
  if (postgresUrl && serverName() !== 'mongod') await prepareBackEnd(postgresUrl);
  const folder = temporaryFolder('mongodb');
  mkdirSync(join(folder, 'data'));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const url = `mongodb://127.0.0.1:${port}`;
  const common = { name: serverName() ?? 'MongoDB', port, url: `${url}/`, folder };
  const server = hasCommand('mongod')
    ? await startLocalServer({
        ...common,
        command: 'mongod',
        args: ['--port', `${port}`, '--bind_ip', '127.0.0.1', '--dbpath', join(folder, 'data')],
      })
    : await startLocalServer({
        ...common,
        command: FERRETDB,
        args: ferretArguments(folder, port, tlsPort, postgresUrl),
        env: FERRETDB_ENV,
      });
  return {
    ...server,
    tlsUrl: hasCommand('mongod') ? undefined : `mongodb://localhost:${tlsPort}/`,
    database: (name) => `${url}/${name}`,
    empty: async () => {
      if (postgresUrl && !hasCommand('mongod')) return emptyBackEnd(postgresUrl);
      rmSync(join(folder, 'data'), { recursive: true });
      mkdirSync(join(folder, 'data'));
    },
  };
};

/**
 * FerretDB 1.24 looks a document up by its id with `@>`, which no index of its own serves: replacing one reads the whole collection. So every
 * table it creates gets one that does; and plans are made for the very question asked, as only those can use it. Documents are compressed in the
 * way that takes a third of the time. What it finds by another field it reads the whole collection for; where that is one field with one value, PostgreSQL
 * does so (`--test-enable-nested-pushdown`), and only what was found is made BSON of.
 */
const INDEX_BY_ID = `
  CREATE FUNCTION index_by_id() RETURNS event_trigger LANGUAGE plpgsql AS $$
  DECLARE
    created record;
  BEGIN
    FOR created IN SELECT c.object_identity FROM pg_event_trigger_ddl_commands() c JOIN pg_attribute a ON a.attrelid = c.objid
      WHERE c.object_type = 'table' AND a.attname = '_jsonb'
    LOOP
      EXECUTE format('CREATE INDEX ON %s USING gin ((_jsonb->''_id'') jsonb_path_ops) WITH (fastupdate = off)', created.object_identity);
    END LOOP;
  END $$;
  CREATE EVENT TRIGGER index_by_id ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION index_by_id();
  DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET plan_cache_mode = force_custom_plan', current_database());
    IF (SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression') THEN
      EXECUTE format('ALTER DATABASE %I SET default_toast_compression = lz4', current_database());
    END IF;
  END $$`;

const prepareBackEnd = async (postgresUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(INDEX_BY_ID);
  } finally {
    await client.end();
  }
};

/** Each database is a schema there. */
const emptyBackEnd = async (postgresUrl: string): Promise<void> => {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')",
    );
    for (const { name } of rows) await client.query(`DROP SCHEMA "${name}" CASCADE`);
  } finally {
    await client.end();
  }
};

const ferretArguments = (folder: string, port: number, tlsPort: number, postgresUrl: string | undefined): string[] => {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert, TEST_CERTIFICATE.cert);
  writeFileSync(key, TEST_CERTIFICATE.key);
  return [
    `--listen-addr=127.0.0.1:${port}`,
    `--listen-tls=127.0.0.1:${tlsPort}`,
    `--listen-tls-cert-file=${cert}`,
    `--listen-tls-key-file=${key}`,
    '--debug-addr=-',
    ...(postgresUrl
      ? ['--handler=postgresql', `--postgresql-url=${postgresUrl}`, '--test-enable-nested-pushdown']
      : ['--handler=sqlite', `--sqlite-url=file:${join(folder, 'data')}/`]),
    `--state-dir=${folder}`,
    '--telemetry=disable',
    '--log-level=error',
  ];
};
