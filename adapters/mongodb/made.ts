import type { Db, UUID } from 'mongodb';
import { NothingThereError } from './generations.ts';
import { indexesOf, type Layout } from './layout.ts';

/**
 * UUIDs of collections as they were made, by their names in the database. One that was dropped and made again has another, except on a server that
 * gives none.
 */
export type Made = Readonly<Record<string, string>>;

const UNAUTHORIZED = 13;
const NAMESPACE_EXISTS = 48;

/** Makes what is missing of these collections and their indexes. Several may be at it at once. @throws NothingThereError somebody removed one meanwhile */
export const makeCollections = async (db: Db, layouts: ReadonlyMap<string, Layout>): Promise<Made> => {
  const names = [...layouts.keys()];
  const present = await uuidsOf(db, names);
  for (const [name, layout] of layouts) {
    if (present[name] === undefined) await createIfMissing(db, name);
    // One by one: FerretDB 1.24 gives up a collection for good when several are told at once to make several, some of which are there.
    const there = new Set((await db.collection(name).indexes()).map((index) => index.name));
    for (const { name: index, key } of indexesOf(layout))
      if (!there.has(index)) await db.collection(name).createIndex(key, { name: index });
  }
  const made = await uuidsOf(db, names);
  if (names.some((name) => made[name] === undefined)) throw new NothingThereError('a collection was removed as it was made');
  return made;
};

/**
 * Are these the collections that were made? Of those of which nothing was written down (an earlier release made them) it is not known, and what they are is
 * to be written down: then the answer is that.
 */
export const isAsMade = async (db: Db, names: readonly string[], made: Made = {}): Promise<boolean | Made> => {
  const present = await uuidsOf(db, names).catch((error: unknown) => {
    if (codeOf(error) === UNAUTHORIZED) return undefined; // a user who may not look cannot tell
    throw error;
  });
  if (!present) return true;
  if (names.some((name) => made[name] !== undefined && made[name] !== present[name])) return false;
  return names.every((name) => made[name] === present[name]) || { ...present, ...made };
};

export const without = (made: Made = {}, names: readonly string[]): Made => {
  const gone = new Set(names);
  return Object.fromEntries(Object.entries(made).filter(([name]) => !gone.has(name)));
};

/** Of those that are there. */
const uuidsOf = async (db: Db, names: readonly string[]): Promise<Made> => {
  const found = await db.listCollections({ name: { $in: [...names] } }, { nameOnly: false }).toArray();
  return Object.fromEntries(
    found.map(({ name, info }) => [name, (info as { readonly uuid?: UUID } | undefined)?.uuid?.toHexString() ?? 'none']),
  );
};

const createIfMissing = async (db: Db, name: string): Promise<void> => {
  try {
    await db.createCollection(name);
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error;
  }
};

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
