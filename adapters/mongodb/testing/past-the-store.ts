import { type Db, MongoClient } from 'mongodb';

/** As somebody with a shell of their own. */
export const pastTheStore = async <T>(url: string, act: (db: Db) => Promise<T>): Promise<T> => {
  const client = await MongoClient.connect(url, { retryWrites: false });
  try {
    return await act(client.db());
  } finally {
    await client.close();
  }
};
