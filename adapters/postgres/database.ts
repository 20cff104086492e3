import { ClosedError, ConfigurationError, UnavailableError } from '@sagahub/contracts/errors.ts';
import pg from 'pg';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import { type Engine, type EngineHealth, HEALTH_TIMEOUT_MS, withoutSecrets } from '../engine/engine.ts';
import { type Starting, waitForEngine } from '../engine/starting.ts';
import { isConnectionFailure, sqlState, translated } from './errors.ts';
import type { Patience } from './migration-transactions.ts';
import type { Migration } from './migration.ts';
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
  readonly migrations: readonly Migration[];
  /** See `MigrationOptions`. Default: none. */
  readonly rights?: string;
  /** With locks that a migration needs. Default: some minutes. */
  readonly patience?: Patience | undefined;
  /**
   * A role whose rights suffice to run, and no more. It gets them when the user of the URL owns the schema; every connection takes it on.
   * Absent: the user of the URL.
   */
  readonly role?: string | undefined;
  /** Connections for statements, opened as they are needed. Default 6; a process has up to two more, for LISTEN and elections. */
  readonly connections?: number;
  /** A statement not answered by then is given up, and its connection with it: the server may be gone without a word. Default 10,000. */
  readonly queryTimeoutMs?: number;
  /**
   * A connection that nobody used for so long may have died without a word: it is asked first whether it is there. Default 5,000. (One that nobody used
   * for a minute is closed. A new one costs the server a process.)
   */
  readonly doubtAfterMs?: number;
  /** With it, opening waits until the server is there; without, it fails. */
  readonly starting?: Starting;
}

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
const DOUBT_AFTER_MS = 5_000;
/** Where nobody answers, others are tried; there is hardly anything that an answer could wait for. */
const PROOF_WITHIN_MS = 1_000;
const IDLE_CONNECTION_MS = 60_000;

/**
 * All statements here look rows up by key, in tables that grow without end. A plan that was made while they were small and reads
 * them whole must never be made.
 */
const PLANNER = ['enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off', 'plan_cache_mode=force_generic_plan', 'jit=off'];

/**
 * Nobody here thinks between the statements of a transaction: who is silent for so long hangs, or is cut off, and others wait for its locks. The
 * server then undoes what it had begun. Also when nothing of an answer is taken off it: that keeps locks, and old rows from being removed.
 */
const SILENT_AT_MOST = ['idle_in_transaction_session_timeout=5s', 'tcp_user_timeout=6s'];
/** Whoever migrates keeps the others waiting. Longer than any pause between two of its tries. */
const WHILE_MIGRATING = ['idle_session_timeout=20s'];

const NAME_PATTERN = /^[a-z_][a-z0-9_]{0,40}$/;

/** Connections to one schema of one PostgreSQL server. */
export class Database implements Session, EngineHealth, AsyncDisposable {
  readonly schema: string;
  readonly engine: Engine;
  readonly #config: pg.ClientConfig;
  readonly #poolConfig: pg.PoolConfig;
  readonly #doubtAfterMs: number;
  readonly #usedAtMs = new WeakMap<pg.PoolClient, number>();
  #pool: pg.Pool;
  #closed = false;

  constructor(options: DatabaseOptions) {
    const { url, schema, role, connections = 6, queryTimeoutMs = QUERY_TIMEOUT_MS, doubtAfterMs = DOUBT_AFTER_MS } = options;
    this.schema = schema;
    this.engine = engineOf(options);
    this.#config = clientConfig(url, schema, role);
    this.#poolConfig = { ...this.#config, max: connections, idleTimeoutMillis: IDLE_CONNECTION_MS, query_timeout: queryTimeoutMs };
    this.#pool = poolOf(this.#poolConfig);
    this.#doubtAfterMs = doubtAfterMs;
  }

  rows<Row extends readonly unknown[]>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#with((client) => sessionOn(client).rows<Row>(statement, values));
  }

  /** All of it or nothing. The error that `work` throws is thrown, after the rollback. */
  transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#with(async (client) => {
      try {
        await client.query('BEGIN');
        const result = await work(sessionOn(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        if (!isLost(error)) await client.query('ROLLBACK');
        throw error;
      }
    });
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
      await this.#with((client) => client.query(config), 'others stay'); // a slow server has no use for new connections
      return { name, status: 'pass' };
    } catch (error) {
      return { name, status: 'fail', output: (error as Error).message };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.end();
  }

  /** @param whenLost whether the connections beside one that does not answer are taken for dead, too */
  async #with<Result>(
    work: (client: pg.ClientBase) => Promise<Result>,
    whenLost: 'others go' | 'others stay' = 'others go',
  ): Promise<Result> {
    if (this.#closed) throw new ClosedError('the connection to PostgreSQL');
    const { pool, client } = await this.#connection();
    let lost = false;
    try {
      return await work(client);
    } catch (error) {
      lost = isLost(error);
      if (lost && whenLost === 'others go') this.#leaveBehind(pool);
      throw translated(error, this.engine);
    } finally {
      this.#usedAtMs.set(client, performance.now());
      client.release(lost);
    }
  }

  /** One that is there, as far as anybody can tell. */
  async #connection(): Promise<{ readonly pool: pg.Pool; readonly client: pg.PoolClient }> {
    for (;;) {
      const pool = this.#pool;
      try {
        const client = await pool.connect();
        const usedAtMs = this.#usedAtMs.get(client) ?? Infinity; // a new one
        if (performance.now() - usedAtMs < this.#doubtAfterMs || (await isThere(client))) return { pool, client };
        client.release(true);
      } catch (error) {
        throw translated(error, this.engine);
      }
      this.#leaveBehind(pool);
    }
  }

  /** Where one connection has died without a word, so have all others most likely, and each would be found out only after a time limit of its own. */
  #leaveBehind(pool: pg.Pool): void {
    if (pool !== this.#pool || this.#closed) return;
    this.#pool = poolOf(this.#poolConfig);
    endOnceServed(pool);
  }
}

/** Ends it as soon as those in use are back. Whoever stands in line has a turn first, on a new connection: an ending pool would forget them. */
const endOnceServed = (pool: pg.Pool): void => {
  const look = (): void => {
    if (pool.waitingCount > 0) return;
    pool.off('release', look);
    pool.end().catch(ignored);
  };
  pool.on('release', look);
  look();
};

/**
 * The pool listens to idle connections alone, and drops those that break. One that breaks in use, or in the very moment that it is made, fails the next
 * statement, and must not end the process.
 */
const poolOf = (config: pg.PoolConfig): pg.Pool =>
  new pg.Pool(config).on('error', ignored).on('connect', (client) => client.on('error', ignored));

const isThere = async (client: pg.PoolClient): Promise<boolean> => {
  try {
    const question = { text: 'SELECT', query_timeout: PROOF_WITHIN_MS };
    await client.query(question);
    return true;
  } catch {
    return false;
  }
};

/** The connection failed or did not answer in time: on it nothing more is to be had. */
const isLost = (error: unknown): boolean => isConnectionFailure(error) && sqlState(error) === undefined;

/**
 * Connects, and brings the schema up to date.
 * @throws ConfigurationError the URL, the user or the schema is not as it must be; says what to do
 * @throws UnavailableError nobody answers there
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const { url, schema, role, migrations, rights = '', patience } = options;
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
  const prepare = () => prepared(config, engine, { schema, role, migrations, rights, patience });
  if (options.starting) await waitForEngine(engine, options.starting, () => prepare().catch(misconfigured)).then(rethrown);
  else await prepare();
  return new Database(options);
};

const prepared = async (config: pg.ClientConfig, engine: Engine, migrations: MigrationOptions): Promise<void> => {
  const client = new pg.Client({ ...config, options: `${config.options} ${asOptions(WHILE_MIGRATING)}` });
  client.on('error', ignored);
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
    options:
      `${given} ${asOptions([`search_path=${schema}`, ...PLANNER, ...SILENT_AT_MOST, ...(role === undefined ? [] : [`role=${role}`])])}`.trim(),
    application_name: 'sagahub',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
};
