import type { DatabaseSync } from 'node:sqlite';
import type { DatabaseModule } from './database-module.ts';
import { type CollectionLayout, createTable, tableOf } from './document-store-schema.ts';
import { DocumentTable, type FlatPuts } from './document-store-table.ts';

export interface DocumentDatabaseOptions {
  readonly layouts: readonly CollectionLayout[];
  readonly fingerprint: string;
}

export interface FlatWrite {
  readonly projection: string;
  /** {@link LIVE}, or the number of the rebuild it belongs to. */
  readonly generation: number;
  readonly checkpoint: string;
  readonly puts: FlatPuts;
}
export interface RebuildName {
  readonly projection: string;
  readonly generation: number;
}

/** Stands for whichever generation is live; numbers of generations start with 1. */
export const LIVE = 0;
/** The generation that a new database starts with. */
const FIRST = 1;

const SCHEMA = `CREATE TABLE about (fingerprint TEXT NOT NULL) STRICT;
     CREATE TABLE live (collection TEXT PRIMARY KEY, generation INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE checkpoints (projection TEXT NOT NULL, generation INTEGER NOT NULL, position TEXT NOT NULL,
       PRIMARY KEY (projection, generation)) STRICT, WITHOUT ROWID;
     CREATE TABLE rebuilds (projection TEXT PRIMARY KEY, generation INTEGER NOT NULL, collections TEXT NOT NULL) STRICT, WITHOUT ROWID;`;

/** Everything that writes `views.db`, as it runs in the writer thread. */
export const database = {
  migrations: [{ sql: SCHEMA, compatibleFrom: 1 }],
  open: (db, options: DocumentDatabaseOptions) => {
    // The read model can be rebuilt, so a commit need not reach the disk before it is acknowledged: after a power loss the
    // database is as it was some commits ago, and a checkpoint is in the same commit as its documents, so it never runs ahead.
    db.exec('PRAGMA synchronous = NORMAL');
    return { operations: operationsOn(db, options) };
  },
} satisfies DatabaseModule<DocumentDatabaseOptions>;
export type DocumentOperations = ReturnType<typeof operationsOn>;

const operationsOn = (db: DatabaseSync, { layouts, fingerprint }: DocumentDatabaseOptions) => {
  prepareCollections(db, layouts, fingerprint);

  const liveOf = db.prepare('SELECT generation FROM live WHERE collection = ?');
  const setLive = db.prepare('UPDATE live SET generation = ? WHERE collection = ?');
  const rebuildOf = db.prepare('SELECT generation, collections FROM rebuilds WHERE projection = ?');
  const addRebuild = db.prepare('INSERT INTO rebuilds (projection, generation, collections) VALUES (?, ?, ?)');
  const removeRebuild = db.prepare('DELETE FROM rebuilds WHERE projection = ?');
  const lastGeneration = db.prepare(
    'SELECT max(generation) AS generation FROM (SELECT generation FROM live UNION ALL SELECT generation FROM rebuilds)',
  );
  const setCheckpoint = db.prepare(
    `INSERT INTO checkpoints (projection, generation, position) VALUES (?, ?, ?)
     ON CONFLICT (projection, generation) DO UPDATE SET position = excluded.position`,
  );
  const promoteCheckpoint = db.prepare(
    `INSERT INTO checkpoints (projection, generation, position)
     SELECT projection, ${LIVE}, position FROM checkpoints WHERE projection = ? AND generation = ?
     ON CONFLICT (projection, generation) DO UPDATE SET position = excluded.position`,
  );
  const removeCheckpoint = db.prepare('DELETE FROM checkpoints WHERE projection = ? AND generation = ?');

  const layoutOf = new Map(layouts.map((layout) => [layout.name, layout]));
  /** By name of the table. */
  const tables = new Map<string, DocumentTable>();
  const tableFor = (collection: string, generation: number): DocumentTable => {
    const number = generation === LIVE ? (liveOf.get(collection) as { generation: number }).generation : generation;
    const name = tableOf(collection, number);
    let table = tables.get(name);
    if (!table) tables.set(name, (table = new DocumentTable(db, layoutOf.get(collection) as CollectionLayout, number)));
    return table;
  };
  const pendingRebuild = (projection: string): { readonly generation: number; readonly collections: readonly string[] } | undefined => {
    const row = rebuildOf.get(projection) as { generation: number; collections: string } | undefined;
    return row && { generation: row.generation, collections: JSON.parse(row.collections) as string[] };
  };
  const requireRebuild = ({ projection, generation }: RebuildName): readonly string[] => {
    const pending = pendingRebuild(projection);
    if (pending?.generation !== generation) throw new RangeError(`generation ${generation} of ${projection} is not being rebuilt`);
    return pending.collections;
  };
  const dropTables = ({ collections, generation }: { readonly collections: readonly string[]; readonly generation: number }): void => {
    for (const collection of collections) {
      tables.delete(tableOf(collection, generation));
      db.exec(`DROP TABLE IF EXISTS ${tableOf(collection, generation)}`);
    }
  };
  const forgetRebuild = (projection: string, generation: number): void => {
    removeRebuild.run(projection);
    removeCheckpoint.run(projection, generation);
  };

  return {
    write({ projection, generation, checkpoint, puts }: FlatWrite): void {
      if (generation !== LIVE) requireRebuild({ projection, generation });
      for (let at = 0; at < puts.length; ) at = tableFor(puts[at] as string, generation).put(puts, at);
      setCheckpoint.run(projection, generation, checkpoint);
    },

    beginRebuild({ projection, collections }: { readonly projection: string; readonly collections: readonly string[] }): number {
      const pending = pendingRebuild(projection);
      if (pending && pending.collections.join() === collections.join()) return pending.generation;
      if (pending) {
        dropTables(pending);
        forgetRebuild(projection, pending.generation);
      }
      const generation = (lastGeneration.get() as { generation: number }).generation + 1;
      for (const collection of collections) db.exec(createTable(layoutOf.get(collection) as CollectionLayout, generation));
      addRebuild.run(projection, generation, JSON.stringify(collections));
      return generation;
    },

    /** The tables it replaces are left for {@link dropTables}: readers may still be on their way to them. */
    promote(rebuild: RebuildName): { readonly collection: string; readonly replaced: number }[] {
      const collections = requireRebuild(rebuild);
      const replaced = collections.map((collection) => ({
        collection,
        replaced: (liveOf.get(collection) as { generation: number }).generation,
      }));
      for (const collection of collections) setLive.run(rebuild.generation, collection);
      removeCheckpoint.run(rebuild.projection, LIVE); // a rebuild of an empty log has none to put in its place
      promoteCheckpoint.run(rebuild.projection, rebuild.generation);
      forgetRebuild(rebuild.projection, rebuild.generation);
      return replaced;
    },

    dropRebuild({ projection, generation }: RebuildName): void {
      const pending = pendingRebuild(projection);
      if (pending?.generation !== generation) return;
      dropTables(pending);
      forgetRebuild(projection, generation);
    },

    dropTables,
  };
};

/** Creates what is missing, and removes tables that a crash between a promotion and its cleaning up left behind. */
const prepareCollections = (db: DatabaseSync, layouts: readonly CollectionLayout[], fingerprint: string): void => {
  db.exec('BEGIN IMMEDIATE');
  if (!db.prepare('SELECT 1 FROM about').get()) {
    for (const layout of layouts) {
      db.exec(createTable(layout, FIRST));
      db.prepare('INSERT INTO live (collection, generation) VALUES (?, ?)').run(layout.name, FIRST);
    }
    db.prepare('INSERT INTO about (fingerprint) VALUES (?)').run(fingerprint);
  }
  const wanted = db.prepare(
    `SELECT collection || '#' || generation AS name FROM live
     UNION SELECT value || '#' || generation FROM rebuilds, json_each(rebuilds.collections)`,
  );
  const names = new Set((wanted.all() as { name: string }[]).map(({ name }) => name));
  const present = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%#%'`).all() as { name: string }[];
  for (const { name } of present) if (!names.has(name)) db.exec(`DROP TABLE "${name}"`);
  db.exec('COMMIT');
};
