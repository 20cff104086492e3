import type { Db, UUID } from 'mongodb';

const NAMESPACE_EXISTS = 48;

/** By name, of those that are there. A collection that was dropped and made again has another, except on a server that gives none. */
export const uuidsOf = async (db: Db, names: readonly string[]): Promise<Readonly<Record<string, string>>> => {
  const found = await db.listCollections({ name: { $in: [...names] } }, { nameOnly: false }).toArray();
  return Object.fromEntries(
    found.map(({ name, info }) => [name, (info as { readonly uuid?: UUID } | undefined)?.uuid?.toHexString() ?? 'none']),
  );
};

export const createIfMissing = async (db: Db, name: string): Promise<void> => {
  try {
    await db.createCollection(name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== NAMESPACE_EXISTS) throw error;
  }
};
