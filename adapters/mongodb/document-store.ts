import { ClosedError, RevisionConflictError } from '@sagahub/contracts/errors.ts';
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
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import type { Collection, Db } from 'mongodb';
import { type Engine, type EngineHealth, HEALTH_TIMEOUT_MS, requireScheme, unavailable } from '../engine/engine.ts';
import { type Starting, waitForEngine } from '../engine/starting.ts';
import { batchOf, placesOf, type ReplaceLimits, replaceLimitsOf } from './batch.ts';
import { connectMongoDb, type MongoConnection } from './client.ts';
import { translated } from './errors.ts';
import {
  FIRST,
  type Generations,
  type GenerationsForm,
  GenerationsPointer,
  isNothingThere,
  nameOfGeneration,
  notRebuilding,
  NothingThereError,
} from './generations.ts';
import { documentOf, type Layout, layoutOf, namespaceOf, type StoredForm } from './layout.ts';
import { inTime } from './in-time.ts';
import { isAsMade, type Made, makeCollections } from './made.ts';
import { Progress, type ProgressForm } from './progress.ts';
import { countPipeline, pagesOf } from './queries.ts';
import { Removals } from './removals.ts';
import { begun, dropped, promoted } from './transitions.ts';

export interface MongoDocumentStoreOptions extends Starting {
  /** `mongodb://` or `mongodb+srv://`, with user, password, hosts and database (default `sagahub`); `?tls=true` for TLS */
  readonly url: string;
  readonly collections: readonly CollectionSpec[];
  /** The log that the documents are folded from; those of another log are left alone. */
  readonly logId?: string;
  /** How old the knowledge may be which generation is live: as long a promotion by another process stays unseen. Default 500. */
  readonly liveForMs?: number;
  /** How long replaced documents stay, for readers that still know the generation before. Default 5,000. */
  readonly retireAfterMs?: number;
  /** A call that takes longer is given up: its connection may be closed, or have died silently. Default 20,000. */
  readonly answerWithinMs?: number;
}

const ANSWER_WITHIN_MS = 20_000;
/** Documents of one step of `scan`. */
const SCAN_PAGE = 500;

/**
 * The read model in MongoDB 6 or newer, by what FerretDB 1.24 understands too: no transactions, no change streams.
 * How a write is whole nevertheless: {@link Progress}. A write and its documents are on the disks of a majority when it resolves.
 * FerretDB is for tests: its updates look and write in two steps, so of two projectors at the very same moment both may believe they won.
 *
 * | collection | holds |
 * |---|---|
 * | `hub.<namespace>` | which generations are live, and a checkpoint per projection and generation |
 * | `<collection>.<namespace>.<generation>` | documents |
 *
 * The namespace belongs to the log and to what is indexed, so that releases that differ in it do not meet.
 */
export const openMongoDocumentStore = async (options: MongoDocumentStoreOptions): Promise<DocumentStore & EngineHealth> => {
  const engine: Engine = { name: 'MongoDB', url: options.url, setting: 'HUB_MONGODB_URL' };
  requireScheme(engine, 'mongodb', 'mongodb+srv');
  const layouts = options.collections.map(layoutOf);
  return waitForEngine(engine, options, async () => {
    const connection = await connectMongoDb(options.url, options);
    try {
      const limits = await inTime(ANSWER_WITHIN_MS, () => replaceLimitsOf(connection.db));
      const store = new MongoDocuments({ connection, engine, layouts, limits }, options);
      await inTime(ANSWER_WITHIN_MS, () => store.prepare());
      return store;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  });
};

interface Connected {
  readonly connection: MongoConnection;
  readonly engine: Engine;
  readonly layouts: readonly Layout[];
  readonly limits: ReplaceLimits;
}

class MongoDocuments implements DocumentStore, EngineHealth {
  readonly #connection: MongoConnection;
  readonly #engine: Engine;
  readonly #options: MongoDocumentStoreOptions;
  readonly #db: Db;
  readonly #answerWithinMs: number;
  readonly #namespace: string;
  readonly #layouts: ReadonlyMap<string, Layout>;
  readonly #pointer: GenerationsPointer;
  readonly #progress: Progress;
  readonly #closing = new AbortController();
  readonly #removals: Removals;
  /**
   * What was live when this process last read the checkpoint, by projection. It writes there and not to what is live now: a projector that
   * has not noticed a promotion fails until it reads the checkpoint again.
   */
  readonly #writtenLive = new Map<string, Generations>();
  #refreshedAtMs = 0;
  /** One at a time in a process: several at once would stand in each other's way. */
  #making: Promise<void> | undefined;

  constructor({ connection, engine, layouts, limits }: Connected, options: MongoDocumentStoreOptions) {
    const { db } = connection;
    this.#connection = connection;
    this.#engine = engine;
    this.#options = options;
    this.#db = db;
    this.#answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.#namespace = namespaceOf(layouts, options.logId ?? '');
    this.#layouts = new Map(layouts.map((layout) => [layout.name, layout]));
    const meta = `hub.${this.#namespace}`;
    this.#pointer = new GenerationsPointer(this.#db.collection<GenerationsForm>(meta));
    this.#progress = new Progress(this.#db.collection<ProgressForm>(meta), placesOf(this.#db, limits), this.#answerWithinMs);
    this.#removals = new Removals({
      db,
      pointer: this.#pointer,
      progress: this.#progress,
      nameOf: (collection, generation) => this.#nameOf(collection, generation),
      clock: options.clock,
      logger: options.logger,
      afterMs: options.retireAfterMs ?? 5_000,
      answerWithinMs: this.#answerWithinMs,
    });
  }

  /** Creates what is missing, and removes what a crash between a promotion and its cleaning up left behind. */
  async prepare(): Promise<void> {
    const { retired } = await this.#refreshOrMake();
    for (const one of retired) this.#removals.removeLater(one);
  }

  /**
   * For who writes: makes what is missing, at the very first start, and when somebody removed everything since. Then checkpoints begin anew, and
   * projectors fold from there. Who reads only is refused until then: there would be nothing to show.
   */
  async #refreshOrMake() {
    try {
      return await this.#refresh();
    } catch (error) {
      if (!isNothingThere(error)) throw error;
      this.#making ??= inTime(this.#answerWithinMs, () => this.#makeAnew()).finally(() => (this.#making = undefined));
      await this.#making;
      return this.#refresh();
    }
  }

  async #makeAnew(): Promise<void> {
    this.#writtenLive.clear();
    this.#progress.forget();
    const names = [...this.#layouts.keys()];
    const made = await this.#make(names, FIRST);
    await this.#pointer.create(names, made); // last: where it is, the indexes are
  }

  checkpoint(projection: string, generation?: Generation): Promise<bigint> {
    return this.#call(async () => {
      await this.#refreshOrMake();
      if (generation === undefined) this.#writtenLive.delete(projection);
      return this.#progress.read(this.#progressKey(projection, generation));
    });
  }

  takeOver(projection: string, term: Term): Promise<bigint> {
    return this.#call(async () => {
      await this.#refreshOrMake();
      this.#writtenLive.delete(projection);
      return this.#progress.takeOver(this.#progressKey(projection), term);
    });
  }

  write(projection: string, puts: readonly DocumentPut[], checkpoint: bigint, generation?: Generation, term?: Term): Promise<void> {
    return this.#call(async () => {
      if (generation !== undefined && !this.#isRebuilding(projection, generation)) {
        await this.#refresh();
        if (!this.#isRebuilding(projection, generation)) throw notRebuilding(projection, generation);
      }
      const live = generation === undefined ? await this.#liveFor(projection) : undefined;
      const number = (collection: string) => (live ? (live[collection] ?? FIRST) : Number(generation));
      const batch = batchOf(
        puts,
        (collection) => this.#layout(collection),
        (collection) => this.#nameOf(collection, number(collection)),
      );
      await this.#progress.write(this.#progressKey(projection, generation), checkpoint, batch, term);
    });
  }

  async get(collection: string, id: string, generation?: Generation): Promise<StoredDocument | undefined> {
    return this.#call(async () => {
      const found = await (await this.#documents(collection, generation)).findOne({ _id: id });
      return found ? documentOf(found) : undefined;
    });
  }

  getMany(collection: string, ids: readonly string[], generation?: Generation): Promise<readonly (StoredDocument | undefined)[]> {
    return this.#call(async () => {
      const found = await (await this.#documents(collection, generation)).find({ _id: { $in: [...new Set(ids)] } }).toArray();
      const byId = new Map(found.map((one) => [one._id, documentOf(one)]));
      return ids.map((id) => byId.get(id));
    });
  }

  find(collection: string, query: FindQuery, generation?: Generation): Promise<readonly StoredDocument[]> {
    return this.#call(async () => {
      const pages = pagesOf(this.#layout(collection), query);
      const documents = await this.#documents(collection, generation);
      const found: StoredDocument[] = [];
      for (const { filter, sort } of pages) {
        if (found.length >= query.limit) break;
        const page = await documents.find(filter, { sort, limit: query.limit - found.length }).toArray();
        found.push(...page.map(documentOf));
      }
      return found;
    });
  }

  countBy(collection: string, field: string, filter?: DocumentFilter): Promise<ReadonlyMap<string, number>> {
    return this.#call(async () => {
      const pipeline = countPipeline(this.#layout(collection), field, filter);
      const groups = await (await this.#documents(collection)).aggregate<{ _id: unknown; count: number }>(pipeline).toArray();
      return new Map(groups.map(({ _id, count }) => [String(_id), count]));
    });
  }

  /** A promotion in between does not disturb it: the next page comes from the new generation. */
  async *scan(collection: string, generation?: Generation): AsyncIterable<StoredDocument> {
    for (let after: { readonly id: string } | undefined; ; ) {
      const page = await this.find(collection, { limit: SCAN_PAGE, ...(after && { after }) }, generation);
      yield* page;
      after = page.at(-1);
      if (!after || page.length < SCAN_PAGE) return;
    }
  }

  isWhole(collections: readonly string[]): Promise<boolean> {
    return this.#call(async () => {
      const { live, made } = await this.#refresh();
      const names = collections.map((collection) => (this.#layout(collection), this.#nameOf(collection, live[collection] ?? FIRST)));
      const answer = await isAsMade(this.#db, names, made);
      if (typeof answer === 'boolean') return answer;
      await this.#pointer.change((state) => [{ ...state, made: { ...answer, ...state.made } }, undefined]);
      return true;
    });
  }

  beginRebuild(projection: string, collections: readonly string[]): Promise<Generation> {
    return this.#call(async () => {
      for (const collection of collections) this.#layout(collection);
      const earlier = (await this.#refreshOrMake()).rebuilds[projection];
      if (earlier && earlier.collections.join() !== collections.join()) await this.#drop(projection, earlier.generation);
      return this.#pointer.change(async (state) => {
        const found = state.rebuilds[projection];
        if (found) return [undefined, nameOfGeneration(found.generation)];
        const generation = state.last + 1;
        await this.#progress.create(Progress.keyOf(projection, generation));
        const made = await this.#make(collections, generation);
        return [begun(state, projection, collections, made), nameOfGeneration(generation)];
      });
    });
  }

  rebuilding(projection: string): Promise<Generation | undefined> {
    return this.#call(async () => {
      const rebuild = (await this.#refresh()).rebuilds[projection];
      return rebuild && nameOfGeneration(rebuild.generation);
    });
  }

  promote(projection: string, generation: Generation): Promise<void> {
    return this.#call(async () => {
      await this.#refresh();
      if (!this.#isRebuilding(projection, generation)) throw notRebuilding(projection, generation);
      await this.#progress.read(Progress.keyOf(projection, Number(generation))); // its last documents are in their places
      await this.#progress.seal(this.#progressKey(projection));
      await this.#progress.inherit(this.#progressKey(projection), Progress.keyOf(projection, Number(generation)));
      const retired = await this.#pointer.change((state) => promoted(state, projection, Number(generation), this.#nameOf));
      await this.#progress.remove(Progress.keyOf(projection, retired.generation)); // a projector that slept through it cannot go on there
      this.#writtenLive.set(projection, this.#pointer.known);
      this.#removals.removeLater(retired);
    });
  }

  dropRebuild(projection: string, generation: Generation): Promise<void> {
    return this.#call(() => this.#drop(projection, Number(generation)));
  }

  async health(): Promise<HealthCheck> {
    const name = 'mongodb:connection';
    try {
      await this.#call(() => this.#db.command({ ping: 1 }), HEALTH_TIMEOUT_MS);
      return { name, status: 'pass' };
    } catch (error) {
      return { name, status: 'fail', output: error instanceof Error ? error.message : String(error) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#removals[Symbol.asyncDispose]();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #call<T>(act: () => Promise<T>, withinMs = this.#answerWithinMs): Promise<T> {
    if (this.#closing.signal.aborted) throw new ClosedError('the document store');
    try {
      return await inTime(withinMs, act);
    } catch (error) {
      throw this.#closing.signal.aborted ? new ClosedError('the document store') : translated(this.#engine, error);
    }
  }

  async #refresh() {
    const state = await this.#pointer.refresh().catch((error: unknown) => {
      throw error instanceof NothingThereError ? unavailable(this.#engine, error) : error;
    });
    this.#refreshedAtMs = this.#options.clock.now();
    return state;
  }

  #layout(collection: string): Layout {
    const layout = this.#layouts.get(collection);
    if (!layout) throw new TypeError(`collection ${collection} was not declared when the store was opened`);
    return layout;
  }

  readonly #nameOf = (collection: string, generation: number): string => `${collection}.${this.#namespace}.${generation}`;

  #progressKey(projection: string, generation?: Generation): string {
    if (generation !== undefined) return Progress.keyOf(projection, Number(generation));
    const known = this.#writtenLive.get(projection) ?? this.#pointer.known;
    this.#writtenLive.set(projection, known);
    return Progress.keyOf(projection, known.projections[projection] ?? FIRST);
  }

  /**
   * Generations to write to, by collection.
   * @throws RevisionConflictError others are live by now: whoever promoted them may have died before nobody could write to the old ones
   */
  async #liveFor(projection: string): Promise<Generations['live']> {
    await this.#refreshIfOld().catch((error: unknown) => {
      if (!isNothingThere(error)) throw error; // refused all the same: its checkpoint is gone too
    });
    const known = this.#writtenLive.get(projection) ?? this.#pointer.known;
    const [written, live] = [known, this.#pointer.known].map(({ projections }) => projections[projection] ?? FIRST);
    if (written !== live) throw new RevisionConflictError(`the documents of ${projection}`, written ?? FIRST, live ?? FIRST);
    return known.live;
  }

  async #refreshIfOld(): Promise<void> {
    if (this.#options.clock.now() - this.#refreshedAtMs >= (this.#options.liveForMs ?? 500)) await this.#refresh();
  }

  #isRebuilding(projection: string, generation: Generation): boolean {
    return this.#pointer.known.rebuilds[projection]?.generation === Number(generation);
  }

  async #documents(collection: string, generation?: Generation): Promise<Collection<StoredForm>> {
    this.#layout(collection);
    await this.#refreshIfOld();
    const number = this.#find(collection, generation) ?? (await this.#refresh(), this.#find(collection, generation));
    if (number === undefined) throw new RangeError(`collection ${collection} has no generation ${generation}`);
    return this.#db.collection<StoredForm>(this.#nameOf(collection, number));
  }

  #find(collection: string, generation: Generation | undefined): number | undefined {
    const { live, rebuilds } = this.#pointer.known;
    const number = live[collection] ?? FIRST;
    if (generation === undefined || Number(generation) === number) return number;
    const rebuild = Object.values(rebuilds).find((one) => one.generation === Number(generation) && one.collections.includes(collection));
    return rebuild?.generation;
  }

  #make(collections: readonly string[], generation: number): Promise<Made> {
    return makeCollections(this.#db, new Map(collections.map((name) => [this.#nameOf(name, generation), this.#layout(name)])));
  }

  async #drop(projection: string, generation: number): Promise<void> {
    const collections = await this.#pointer.change((state) => dropped(state, projection, generation, this.#nameOf));
    if (collections.length === 0) return;
    await this.#progress.remove(Progress.keyOf(projection, generation));
    for (const collection of collections) await this.#db.dropCollection(this.#nameOf(collection, generation));
  }
}
