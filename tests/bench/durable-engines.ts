import { serverName, startMongoDb } from '../servers/mongodb.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { startRabbitMq } from '../servers/rabbitmq.ts';
import { startRedis } from '../servers/redis.ts';
import { type EventStoreKind, missingEngines } from '../support/engines.ts';
import type { Engines } from '../support/networked-hub.ts';
import type { Part, Restored } from './installation.ts';
import { NodeProcess } from './node-process.ts';

/** Engines for one networked hub, which wait for the disk as in production, where those of tests do not. */
export class DurableEngines implements AsyncDisposable {
  readonly urls: Engines;
  readonly parts: readonly Part[];
  readonly #postgres: PostgresServer;
  readonly #running: AsyncDisposable;

  private constructor(urls: Engines, parts: readonly Part[], postgres: PostgresServer, running: AsyncDisposable) {
    this.urls = urls;
    this.parts = parts;
    this.#postgres = postgres;
    this.#running = running;
  }

  /** @throws Error saying what is not installed */
  static async start(eventStore: EventStoreKind): Promise<DurableEngines> {
    const missing = missingEngines();
    if (missing.length > 0) throw new Error(missing.join('\n'));
    await using started = new AsyncDisposableStack();
    const keep = async <Server extends AsyncDisposable>(starting: Promise<Server>): Promise<Server> => started.use(await starting);
    const starting = [keep(startPostgres({ durable: true })), keep(startRedis()), keep(startRabbitMq())] as const;
    await Promise.allSettled(starting); // one that fails leaves none of the others running
    const [postgres, redis, rabbitmq] = await Promise.all(starting);
    const parts: Part[] = [engine('PostgreSQL', postgres.pid()), engine('Redis', redis.pid()), engine('RabbitMQ', rabbitmq.pid())];

    // FerretDB keeps documents in a PostgreSQL; one of its own, so that it is seen what each costs.
    const behind = serverName() === 'mongod' ? undefined : started.use(await startPostgres({ durable: true }));
    const mongodb = started.use(await startMongoDb(behind && { postgresUrl: await behind.createDatabase() }));
    parts.push(engine(serverName() ?? 'MongoDB', mongodb.pid()));
    if (behind) parts.push(engine('PostgreSQL behind FerretDB', behind.pid()));

    let urls: Engines = {
      HUB_POSTGRES_URL: await postgres.createDatabase(),
      HUB_REDIS_URL: redis.url,
      HUB_RABBITMQ_URL: rabbitmq.url,
      HUB_MONGODB_URL: mongodb.database('hub'),
    };
    if (eventStore === 'kurrentdb') {
      const double = started.use(await NodeProcess.start<{ url: string }>(new URL('./kurrentdb-double.ts', import.meta.url)));
      urls = { ...urls, HUB_EVENT_STORE_URL: double.ready.url };
      parts.push(engine('KurrentDB double', double.pid));
    }
    const running = started.move();
    return new DurableEngines(urls, parts, postgres, { [Symbol.asyncDispose]: () => running.disposeAsync() });
  }

  /** As docs/operations.md has it, into a further database of the same server, which waits for the same disk. */
  async dumpAndRestore(): Promise<Restored> {
    const startedMs = performance.now();
    const dumps = ['sagahub', 'sagahub_keys'].map((schema) => this.#postgres.dump(this.urls.HUB_POSTGRES_URL, schema));
    const dumpedMs = performance.now();
    const fresh = await this.#postgres.createDatabase();
    for (const dump of dumps) this.#postgres.restore(fresh, dump);
    const restoredMs = performance.now();
    const [row] = await this.#postgres.query<{ events: number }>(fresh, 'SELECT count(*)::int AS events FROM sagahub.events');
    const bytes = dumps.reduce((sum, { length }) => sum + length, 0);
    return { bytes, dumpMs: dumpedMs - startedMs, restoreMs: restoredMs - dumpedMs, events: row?.events ?? 0 };
  }

  /** For the heading. */
  static description(): string {
    const documents = serverName() ?? 'no MongoDB';
    return [
      'PostgreSQL with fsync, synchronous_commit and full_page_writes on',
      'Redis (a cache) with appendfsync everysec',
      'RabbitMQ with quorum queues',
      documents === 'mongod' ? 'MongoDB with its journal' : `${documents} on a PostgreSQL of its own, durable too`,
    ].join('; ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

const engine = (name: string, pid: number): Part => ({ name, kind: 'engine', pid });
