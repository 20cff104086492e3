import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import type { Stored } from '@sagahub/hub/harness/hub-process.ts';
import type { KurrentDbDouble } from '../servers/kurrentdb-double/double.ts';
import type { Engines } from './networked-hub.ts';

const TABLES = `SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
  WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`;

/** Everything a networked hub has written down on its engines, table by table. Hints on RabbitMQ are names of streams and gone in a moment. */
export const storedOnEngines = async (urls: Engines, kurrentdb: KurrentDbDouble | undefined): Promise<readonly Stored[]> => [
  ...(await tablesOf(urls.HUB_POSTGRES_URL)),
  ...(await collectionsOf(urls.HUB_MONGODB_URL)),
  await keysOf(urls.HUB_REDIS_URL),
  ...(kurrentdb ? [{ name: 'kurrentdb', bytes: Buffer.concat(kurrentdb.log.rows.flatMap(({ data, metadata }) => [data, metadata])) }] : []),
];

const tablesOf = async (url: string): Promise<readonly Stored[]> => {
  const client = new pg.Client({ connectionString: url, options: '-c bytea_output=escape' });
  await client.connect();
  try {
    const tables: Stored[] = [];
    const { rows: names } = await client.query<[string]>({ text: TABLES, rowMode: 'array' });
    for (const [table] of names) {
      const { rows } = await client.query<[string]>({ text: `SELECT t::text FROM ${table} t`, rowMode: 'array' });
      tables.push({ name: `postgresql ${table}`, bytes: Buffer.from(rows.flat().join('\n')) });
    }
    return tables;
  } finally {
    await client.end();
  }
};

const collectionsOf = async (url: string): Promise<readonly Stored[]> => {
  const client = await MongoClient.connect(url);
  try {
    const collections = await client.db().collections();
    return await Promise.all(
      collections.map(async (collection) => {
        const documents = (await collection.find({}, { raw: true }).toArray()) as unknown as readonly Buffer[];
        return { name: `mongodb ${collection.collectionName}`, bytes: Buffer.concat(documents) };
      }),
    );
  } finally {
    await client.close();
  }
};

const keysOf = async (url: string): Promise<Stored> => {
  const redis = new Redis(url);
  try {
    const keys = await redis.keys('*');
    const values = await Promise.all(keys.map(async (key) => (await redis.getBuffer(key)) ?? Buffer.alloc(0)));
    return { name: 'redis', bytes: Buffer.concat([Buffer.from(keys.join('\n')), ...values]) };
  } finally {
    redis.disconnect();
  }
};
