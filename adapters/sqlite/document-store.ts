import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ClosedError, SupersededError } from '@sagahub/contracts/errors.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type {
  CollectionSpec,
  DocumentFilter,
  DocumentPut,
  DocumentStore,
  FindQuery,
  Generation,
  StoredDocument,
} from '@sagahub/contracts/ports/document-store.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { openReadConnection } from './connection.ts';
import { type DocumentDatabaseOptions, type DocumentOperations, LIVE } from './document-store-database.ts';
import { DamageGuard, discardIfUnusable } from './document-store-discard.ts';
import { countStatement, findStatements, type Sql } from './document-store-query.ts';
import { type CollectionLayout, type Column, encodeField, fingerprintOf, layoutOf, tableOf } from './document-store-schema.ts';
import { openWriter, type Writer } from './writer.ts';

/** Documents of one step of `scan`: reads block the main thread, so they are short. */
const SCAN_PAGE = 500;
/** Prepared statements kept; queries come in few shapes. */
const MAX_STATEMENTS = 200;

export interface SqliteDocumentStoreOptions {
  /** Of the database file, e.g. `<data folder>/views.db`. */
  readonly path: string;
  readonly collections: readonly CollectionSpec[];
  /** The log that the documents are folded from; documents of another one are thrown away. */
  readonly logId?: string;
}

export interface SqliteDocumentStore extends DocumentStore {
  /**
   * Why everything that was stored was thrown away at opening: the file was damaged, or of another log or another release with
   * other collections. Every checkpoint is 0 then, and the projections fill the store again. `undefined`: nothing was.
   */
  readonly discarded: string | undefined;
}

/**
 * The read model in one SQLite file: writes through a writer thread, reads on the main thread, each no longer than a page.
 *
 * A write resolves when it is committed. That survives the end of the process; after a power loss the store may be some commits
 * older, documents and checkpoints together, and the projections catch up from there.
 */
export const openSqliteDocumentStore = async (options: SqliteDocumentStoreOptions): Promise<SqliteDocumentStore> => {
  const layouts = options.collections.map(layoutOf);
  const fingerprint = fingerprintOf(layouts, options.logId ?? '');
  const discarded = discardIfUnusable(options.path, fingerprint);
  const module = new URL('./document-store-database.ts', import.meta.url);
  const database: DocumentDatabaseOptions = { layouts, fingerprint };
  const writer = await openWriter<DocumentOperations>({ path: options.path, module, options: database });
  return new SqliteDocuments(options.path, layouts, writer, discarded);
};

interface Rebuild {
  readonly generation: number;
  readonly collections: readonly string[];
}
interface Row {
  readonly id: string;
  readonly revision: number;
  readonly body: string;
}

class SqliteDocuments implements SqliteDocumentStore {
  readonly discarded: string | undefined;
  readonly #writer: Writer<DocumentOperations>;
  readonly #reader: DatabaseSync;
  readonly #guard: DamageGuard;
  readonly #layouts: ReadonlyMap<string, CollectionLayout>;
  /** By text. */
  readonly #statements = new Map<string, StatementSync>();
  /** Generation by collection. */
  readonly #live = new Map<string, number>();
  /** By projection. */
  readonly #rebuilds = new Map<string, Rebuild>();
  /** The newest term by projection. Of this process: no other has the file, and its elections begin anew with each start. */
  readonly #epochs = new Map<string, bigint>();
  #closed = false;

  constructor(path: string, layouts: readonly CollectionLayout[], writer: Writer<DocumentOperations>, discarded: string | undefined) {
    this.discarded = discarded;
    this.#writer = writer;
    this.#reader = openReadConnection(path);
    this.#guard = new DamageGuard(path);
    this.#layouts = new Map(layouts.map((layout) => [layout.name, layout]));
    for (const row of this.#reader.prepare('SELECT collection, generation FROM live').all())
      this.#live.set(row.collection as string, row.generation as number);
    for (const row of this.#reader.prepare('SELECT projection, generation, collections FROM rebuilds').all())
      this.#rebuilds.set(row.projection as string, {
        generation: row.generation as number,
        collections: JSON.parse(row.collections as string) as string[],
      });
  }

  async checkpoint(projection: string, generation?: Generation): Promise<bigint> {
    const rows = this.#read({
      text: 'SELECT position FROM checkpoints WHERE projection = ? AND generation = ?',
      values: [projection, generation === undefined ? LIVE : Number(generation)],
    });
    return BigInt((rows[0]?.position as string | undefined) ?? 0);
  }

  async takeOver(projection: string, term: Term): Promise<bigint> {
    this.#requireNewest(projection, term);
    this.#epochs.set(projection, term.epoch);
    return this.checkpoint(projection);
  }

  async write(projection: string, puts: readonly DocumentPut[], checkpoint: bigint, generation?: Generation, term?: Term): Promise<void> {
    if (term) this.#requireNewest(projection, term);
    const flat: Column[] = [];
    for (const { collection, id, revision, body } of puts) {
      flat.push(collection, id, revision, JSON.stringify(body));
      for (const field of this.#layout(collection).fields) flat.push(encodeField(body[field]));
    }
    const number = generation === undefined ? LIVE : Number(generation);
    await this.#write('write', { projection, generation: number, checkpoint: String(checkpoint), puts: flat });
  }

  async get(collection: string, id: string, generation?: Generation): Promise<StoredDocument | undefined> {
    return (await this.getMany(collection, [id], generation))[0];
  }

  async getMany(collection: string, ids: readonly string[], generation?: Generation): Promise<readonly (StoredDocument | undefined)[]> {
    const text = `SELECT id, revision, body FROM ${this.#table(collection, generation)} WHERE id = ?`;
    return ids.map((id) => this.#documents({ text, values: [id] })[0]);
  }

  async find(collection: string, query: FindQuery, generation?: Generation): Promise<readonly StoredDocument[]> {
    const found: StoredDocument[] = [];
    for (const { text, values } of findStatements(this.#layout(collection), this.#number(collection, generation), query)) {
      if (found.length >= query.limit) break;
      found.push(...this.#documents({ text, values: [...values, query.limit - found.length] }));
    }
    return found;
  }

  /** Reads every index entry that matches: about 0.1 s per million on the thread that serves requests. */
  async countBy(collection: string, field: string, filter?: DocumentFilter): Promise<ReadonlyMap<string, number>> {
    const rows = this.#read(countStatement(this.#layout(collection), this.#number(collection), field, filter));
    return new Map(rows.map(({ value, count }) => [String(value), count as number]));
  }

  /** A promotion in between does not disturb it: the next page comes from the new generation. */
  async *scan(collection: string, generation?: Generation): AsyncIterable<StoredDocument> {
    for (let after: { readonly id: string } | undefined; ; ) {
      const page = await this.find(collection, { limit: SCAN_PAGE, ...(after && { after }) }, generation);
      yield* page;
      after = page.at(-1);
      if (!after || page.length < SCAN_PAGE) return;
      await new Promise((resolve) => setImmediate(resolve)); // requests come before a scan
    }
  }

  async beginRebuild(projection: string, collections: readonly string[]): Promise<Generation> {
    for (const collection of collections) this.#layout(collection);
    const generation = await this.#write('beginRebuild', { projection, collections });
    this.#rebuilds.set(projection, { generation, collections });
    return String(generation) as Generation;
  }

  /** All of it is one file, whose damage shows when it is opened. */
  async isWhole(): Promise<boolean> {
    return true;
  }

  async rebuilding(projection: string): Promise<Generation | undefined> {
    const rebuild = this.#rebuilds.get(projection);
    return rebuild && (String(rebuild.generation) as Generation);
  }

  async promote(projection: string, generation: Generation): Promise<void> {
    const promoted = await this.#write('promote', { projection, generation: Number(generation) });
    for (const { collection } of promoted) this.#live.set(collection, Number(generation));
    this.#rebuilds.delete(projection);
    for (const { collection, replaced } of promoted) await this.#write('dropTables', { collections: [collection], generation: replaced });
  }

  async dropRebuild(projection: string, generation: Generation): Promise<void> {
    if (this.#rebuilds.get(projection)?.generation === Number(generation)) this.#rebuilds.delete(projection);
    await this.#write('dropRebuild', { projection, generation: Number(generation) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.close(); // first, so that the writer is the last to leave and merges the write-ahead log
    await this.#writer[Symbol.asyncDispose]();
  }

  #requireNewest(projection: string, { name, epoch }: Term): void {
    if ((this.#epochs.get(projection) ?? 0n) > epoch) throw new SupersededError(name, epoch);
  }

  #layout(collection: string): CollectionLayout {
    const layout = this.#layouts.get(collection);
    if (!layout) throw new TypeError(`collection ${collection} was not declared when the store was opened`);
    return layout;
  }

  #number(collection: string, generation?: Generation): number {
    const live = this.#live.get(this.#layout(collection).name) as number;
    if (generation === undefined || Number(generation) === live) return live;
    for (const rebuild of this.#rebuilds.values())
      if (rebuild.generation === Number(generation) && rebuild.collections.includes(collection)) return rebuild.generation;
    throw new RangeError(`collection ${collection} has no generation ${generation}`);
  }

  #table(collection: string, generation?: Generation): string {
    return tableOf(collection, this.#number(collection, generation));
  }

  #documents(sql: Sql): StoredDocument[] {
    const rows = this.#read(sql) as unknown as Row[];
    return rows.map(({ id, revision, body }) => ({ id, revision, body: JSON.parse(body) as JsonObject }));
  }

  #read({ text, values }: Sql) {
    if (this.#closed) throw new ClosedError('the document store');
    try {
      let statement = this.#statements.get(text);
      if (!statement) {
        if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
        this.#statements.set(text, (statement = this.#reader.prepare(text)));
      }
      return statement.all(...values);
    } catch (error) {
      throw this.#guard.translate(error);
    }
  }

  async #write<Name extends keyof DocumentOperations>(
    name: Name,
    args: Parameters<DocumentOperations[Name]>[0],
  ): Promise<ReturnType<DocumentOperations[Name]>> {
    try {
      return await this.#writer.call(name, args);
    } catch (error) {
      throw this.#guard.translate(error);
    }
  }
}
