import { type Db, MongoClient } from 'mongodb';

const DEFAULT_DATABASE = 'sagahub';

/** Not connected yet. Writes are on the disks of a majority when they resolve. */
export const mongoClient = (url: string): MongoClient =>
  new MongoClient(url, {
    appName: 'sagahub',
    retryWrites: false, // every write here may be repeated by its caller, and knows whether it happened
    writeConcern: { w: 'majority', journal: true },
    connectTimeoutMS: 5_000,
    serverSelectionTimeoutMS: 3_000,
    socketTimeoutMS: 15_000, // a connection that has died silently
    heartbeatFrequencyMS: 3_000,
    maxPoolSize: 20,
  });

/** The one that the URL names. */
export const databaseOf = (client: MongoClient): Db =>
  client.db(client.options.dbName === 'test' ? DEFAULT_DATABASE : client.options.dbName);
