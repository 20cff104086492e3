import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openHubDatabase } from '@sagahub/adapters/postgres/hub-database.ts';
import { openKeyDatabase } from '@sagahub/adapters/postgres/key-database.ts';
import { availability as mongodbMissing, type MongoDbServer, serverName, startMongoDb } from '../servers/mongodb.ts';
import { type PostgresServer, type PostgresServerOptions, startPostgres, availability as postgresMissing } from '../servers/postgres.ts';
import { type RabbitMqServer, startRabbitMq, availability as rabbitMqMissing } from '../servers/rabbitmq.ts';
import { type RedisServer, startRedis, availability as redisMissing } from '../servers/redis.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from '../servers/kurrentdb-double/double.ts';
import type { Engines } from './networked-hub.ts';

/** Which log the networked hub of a test run has. */
export type EventStoreKind = 'postgres' | 'kurrentdb';

/** What of the engines cannot run here, and why; empty when all can. */
export const missingEngines = (): readonly string[] =>
  [postgresMissing(), redisMissing(), rabbitMqMissing(), mongodbMissing()].filter((reason) => reason !== undefined);

/** Brings the schemas up to date as their owner, and gives the roles of {@link SharedEngines} their rights. */
export type Migrate = (url: string) => Promise<unknown>;

const withThisRelease: Migrate = async (url) => {
  await (await openHubDatabase({ url, role: 'hub' }))[Symbol.asyncDispose]();
  await (await openKeyDatabase({ url, role: 'keys' }))[Symbol.asyncDispose]();
};

/** `sagahub migrate`, as an operator does before an upgrade. @param release folder of its code */
export const migrateWith =
  (release: string): Migrate =>
  (url) => {
    const args = [join(release, 'hub/bin/sagahub.mjs'), 'migrate', '--hub-role', 'hub', '--keys-role', 'keys'];
    return promisify(execFile)(process.execPath, args, { env: { PATH: process.env['PATH'], HUB_MIGRATE_URL: url } });
  };

/** One server of each kind for a whole test run; every hub gets databases of its own on them. */
export class SharedEngines implements AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly rabbitmq: RabbitMqServer;
  readonly mongodb: MongoDbServer;
  /** The log of the hub that was made last, where it is one. */
  kurrentdb: KurrentDbDouble | undefined;
  readonly #beneath: AsyncDisposable | undefined;
  readonly #doubles: KurrentDbDouble[] = [];
  #roles: Promise<unknown> | undefined;
  #hubs = 0;

  private constructor(
    postgres: PostgresServer,
    redis: RedisServer,
    rabbitmq: RabbitMqServer,
    mongodb: MongoDbServer,
    beneath?: AsyncDisposable,
  ) {
    this.#beneath = beneath;
    this.postgres = postgres;
    this.redis = redis;
    this.rabbitmq = rabbitmq;
    this.mongodb = mongodb;
  }

  /** Where FerretDB stands in for MongoDB, it has a PostgreSQL of its own beneath it. */
  static async start(options: Pick<PostgresServerOptions, 'smallDiskMiB'> = {}): Promise<SharedEngines> {
    const beneath = serverName()?.startsWith('FerretDB') ? await startPostgres() : undefined;
    const [postgres, redis, rabbitmq, mongodb] = await Promise.all([
      startPostgres(options),
      startRedis(),
      startRabbitMq(),
      startMongoDb(beneath && { postgresUrl: await beneath.createDatabase() }),
    ]);
    return new SharedEngines(postgres, redis, rabbitmq, mongodb, beneath);
  }

  /** Empty databases for one hub. Hints share the broker: one for another hub's order names a stream that is not there, and is ignored. */
  async forOneHub(eventStore: EventStoreKind, migrate: Migrate = withThisRelease): Promise<Engines> {
    this.#hubs += 1;
    const engines = {
      HUB_POSTGRES_URL: await this.postgres.createDatabase(),
      HUB_REDIS_URL: `${this.redis.url.replace(/\/\d*$/, '')}/${this.#hubs % 16}`,
      HUB_RABBITMQ_URL: this.rabbitmq.url,
      HUB_MONGODB_URL: this.mongodb.database(`hub${this.#hubs}`),
    };
    if (eventStore === 'postgres') return { ...engines, ...(await this.#leastPrivileged(engines.HUB_POSTGRES_URL, migrate)) };
    const double = await startKurrentDbDouble();
    this.#doubles.push(double);
    this.kurrentdb = double;
    return { ...engines, HUB_EVENT_STORE_URL: double.url };
  }

  /** As docs/deployment.md makes them: the schemas have an owner whom no process runs as. With KurrentDB one user owns and does everything. */
  async #leastPrivileged(url: string, migrate: Migrate): Promise<Pick<Engines, 'HUB_POSTGRES_URL' | 'withoutKeys'>> {
    this.#roles ??= this.postgres.query(
      url,
      `CREATE ROLE hub NOLOGIN; CREATE ROLE keys NOLOGIN; CREATE ROLE worker LOGIN IN ROLE hub; CREATE ROLE service LOGIN IN ROLE hub, keys`,
    );
    await this.#roles;
    await migrate(url);
    return { HUB_POSTGRES_URL: url.replace('postgres@', 'service@'), withoutKeys: url.replace('postgres@', 'worker@') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const double of this.#doubles) await double[Symbol.asyncDispose]();
    await Promise.all([this.postgres, this.redis, this.rabbitmq, this.mongodb].map((server) => server[Symbol.asyncDispose]()));
    await this.#beneath?.[Symbol.asyncDispose]();
  }
}
