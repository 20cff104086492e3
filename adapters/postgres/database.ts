import { ClosedError, ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import pg from 'pg';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import { type Engine, type EngineHealth, HEALTH_TIMEOUT_MS, withoutSecrets } from '../engine/engine.ts';
import { type Starting, waitForEngine } from '../engine/starting.ts';
import { translated } from './errors.ts';
import { migrate, type MigrationOptions } from './migrations.ts';
import { requireFitServer } from './server-check.ts';

/** A name for the server to remember the plan under, once per connection, and the SQL. Names are unique within a schema's adapters. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs statements on one connection. Rows are arrays, in the order of the statement's columns. */
export interface Session {
  rows<Row extends readonly unknown[]>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
}

export interface DatabaseOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`. Session-pooled at most: a transaction pooler loses locks and LISTEN. */
  readonly url: string;
  /** The setting the URL comes from, for messages, e.g. `HUB_POSTGRES_URL`. */
  readonly setting?: string;
  /** Holds everything of this hub; created when missing. */
  readonly schema: string;
  /** Oldest first. */
  readonly migrations: readonly string[];
  /** See `MigrationOptions`. Default: none. */
  readonly rights?: string;
  /**
   * A role whose rights suffice to run, and no more. It gets them when the user of the URL owns the schema; every connection takes it on.
   * Absent: the user of the URL.
   */
  readonly role?: string | undefined;
  /** Connections for statements, opened as they are needed. Default 6; a process has up to two more, for LISTEN and elections. */
  readonly connections?: number;
  /** A statement not answered by then is given up, and its connection with it: the server may be gone without a word. Default 15,000. */
  readonly queryTimeoutMs?: number;
  /** With it, opening waits until the server is there; without, it fails. */
  readonly starting?: Starting;
}

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 15_000;
const IDLE_CONNECTION_MS = 60_000;

/**
 * All statements here look rows up by key, in tables that grow without end. A plan that was made while they were small and reads
 * them whole must never be made.
 */
const PLANNER = ['enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off', 'plan_cache_mode=force_generic_plan', 'jit=off'];

const NAME_PATTERN = /^[a-z_][a-z0-9_]{0,40}$/;

/** Connections to one schema of one PostgreSQL server. */
export class Database implements Session, EngineHealth, AsyncDisposable {
  readonly schema: string;
  readonly engine: Engine;
  readonly #config: pg.ClientConfig;
  readonly #pool: pg.Pool;
  #closed = false;

  constructor(options: DatabaseOptions) {
    const { url, schema, role, connections = 6, queryTimeoutMs = QUERY_TIMEOUT_MS } = options;
    this.schema = schema;
    this.engine = engineOf(options);
    this.#config = clientConfig(url, schema, role);
    this.#pool = new pg.Pool({ ...this.#config, max: connections, idleTimeoutMillis: IDLE_CONNECTION_MS, query_timeout: queryTimeoutMs });
    this.#pool.on('error', () => undefined); // an idle connection broke: the pool has dropped it already
  }

  async rows<Row extends readonly unknown[]>({ name, text }: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    if (this.#closed) throw new ClosedError('the connection to PostgreSQL');
    try {
      return (await this.#pool.query({ name, text, values: values as unknown[], rowMode: 'array' })).rows as unknown as Row[];
    } catch (error) {
      throw translated(error, this.engine);
    }
  }

  /** All of it or nothing. The error that `work` throws is thrown, after the rollback. */
  async transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new ClosedError('the connection to PostgreSQL');
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw translated(error, this.engine);
    }
    let failure: unknown;
    // The pool listens to idle connections alone. One that breaks between two statements fails the next, and must not end the process.
    client.on('error', ignored);
    try {
      await client.query('BEGIN');
      const result = await work(sessionOn(client));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      failure = error;
      await client.query('ROLLBACK').then(
        () => (failure = undefined),
        () => undefined,
      );
      throw translated(error, this.engine);
    } finally {
      client.off('error', ignored);
      client.release(failure !== undefined);
    }
  }

  /** A connection of one's own, not connected yet, for LISTEN and for locks that live as long as it does. */
  dedicated(settings: readonly string[] = []): pg.Client {
    if (this.#closed) throw new ClosedError('the connection to PostgreSQL');
    const { options, ...config } = this.#config;
    return new pg.Client({ ...config, options: `${options} ${asOptions(settings)}` });
  }

  async health(): Promise<HealthCheck> {
    const name = 'postgresql:connection';
    try {
      const config = { text: 'SELECT', query_timeout: HEALTH_TIMEOUT_MS };
      await this.#pool.query(config);
      return { name, status: 'pass' };
    } catch (error) {
      return { name, status: 'fail', output: (translated(error, this.engine) as Error).message };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.end();
  }
}

/**
 * Connects, and brings the schema up to date.
 * @throws ConfigurationError the URL, the user or the schema is not as it must be; says what to do
 * @throws UnavailableError nobody answers there
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const { url, schema, role, migrations, rights = '' } = options;
  for (const name of role === undefined ? [schema] : [schema, role])
    if (!NAME_PATTERN.test(name))
      throw new ConfigurationError([`${name} cannot name a schema or role: use lower-case letters, digits and _`]);
  const engine = engineOf(options);
  let config: pg.ClientConfig;
  try {
    config = clientConfig(url, schema, undefined);
  } catch (error) {
    throw new ConfigurationError([`${engine.setting}: ${withoutSecrets(url)} is no URL of PostgreSQL: ${(error as Error).message}`]);
  }
  const prepare = () => prepared(config, engine, { schema, role, migrations, rights });
  if (options.starting) await waitForEngine(engine, options.starting, () => prepare().catch(misconfigured)).then(rethrown);
  else await prepare();
  return new Database(options);
};

const prepared = async (config: pg.ClientConfig, engine: Engine, migrations: MigrationOptions): Promise<void> => {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await requireFitServer(client, engine);
    await migrate(client, migrations);
  } catch (error) {
    throw translated(error, engine);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** Waiting helps against a server that is away, and against nothing else. */
const misconfigured = (error: unknown): unknown => {
  if (error instanceof UnavailableError) throw error;
  return error;
};
const rethrown = (error: unknown): void => {
  if (error !== undefined) throw error;
};

const ignored = (): void => undefined;

const engineOf = ({ url, setting = 'the URL of PostgreSQL' }: DatabaseOptions): Engine => ({ name: 'PostgreSQL', url, setting });

const sessionOn = (client: pg.ClientBase): Session => ({
  rows: async <Row extends readonly unknown[]>({ name, text }: Statement, values: readonly unknown[] = []) =>
    (await client.query({ name, text, values: values as unknown[], rowMode: 'array' })).rows as unknown as Row[],
});

const asOptions = (settings: readonly string[]): string => settings.map((setting) => `-c ${setting}`).join(' ');

const clientConfig = (url: string, schema: string, role: string | undefined): pg.ClientConfig => {
  const parsed = new URL(url);
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') throw new TypeError('it must begin with postgres://');
  const given = parsed.searchParams.get('options') ?? '';
  parsed.searchParams.delete('options');
  return {
    connectionString: parsed.href,
    options: `${given} ${asOptions([`search_path=${schema}`, ...PLANNER, ...(role === undefined ? [] : [`role=${role}`])])}`.trim(),
    application_name: 'sagahub',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
};
