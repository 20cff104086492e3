import { ClosedError, ConfigurationError } from '@sagahub/contracts/errors.ts';
import pg from 'pg';
import { type Engine, withoutSecrets } from '../engine/engine.ts';
import { translated } from './errors.ts';
import { migrate } from './migrations.ts';

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
  /**
   * A role without login whose rights suffice to run, and no more: events can be neither changed nor deleted under it. Created and
   * granted by the migrations (or beforehand by an administrator); every connection takes it on. Absent: the user of the URL.
   */
  readonly role?: string | undefined;
  /** Connections kept for statements. Default 10. */
  readonly connections?: number;
  /** A statement not answered by then is given up, and its connection with it: the server may be gone without a word. Default 15,000. */
  readonly queryTimeoutMs?: number;
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
export class Database implements Session, AsyncDisposable {
  readonly schema: string;
  readonly engine: Engine;
  readonly #config: pg.ClientConfig;
  readonly #pool: pg.Pool;
  #closed = false;

  constructor(options: DatabaseOptions) {
    const { url, schema, role, connections = 10, queryTimeoutMs = QUERY_TIMEOUT_MS } = options;
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
      client.release(failure !== undefined);
    }
  }

  /** A connection of one's own, not connected yet, for LISTEN and for locks that live as long as it does. */
  dedicated(settings: readonly string[] = []): pg.Client {
    if (this.#closed) throw new ClosedError('the connection to PostgreSQL');
    const { options, ...config } = this.#config;
    return new pg.Client({ ...config, options: `${options} ${asOptions(settings)}` });
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
  const { url, schema, role, migrations } = options;
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
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await migrate(client, { schema, role, migrations });
  } catch (error) {
    throw translated(error, engine);
  } finally {
    await client.end().catch(() => undefined);
  }
  return new Database(options);
};

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
