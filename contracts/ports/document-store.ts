import type { Term } from './leadership.ts';
import type { Json, JsonObject } from '../json.ts';

/** Declares a collection once, at opening: which fields can be filtered and sorted by. */
export interface CollectionSpec {
  readonly name: string;
  /** Top-level scalar fields of the document that get an index, alone or as a compound in this order. */
  readonly indexes: readonly (readonly string[])[];
  /** Indexed fields of which few documents share a value: a filter by one of them finds those, and looks at everything else afterwards. */
  readonly selective?: readonly string[];
}

export interface StoredDocument {
  readonly id: string;
  /** A document is replaced only by a higher revision. */
  readonly revision: number;
  readonly body: JsonObject;
}

export interface DocumentPut extends StoredDocument {
  readonly collection: string;
}

export type DocumentFilter = Readonly<Record<string, FieldFilter>>;
/** All given conditions must hold. Strings compare by UTF-8 bytes. A missing field matches nothing. */
export interface FieldFilter {
  readonly eq?: string | number | boolean;
  readonly in?: readonly (string | number)[];
  readonly gte?: string | number;
  readonly lt?: string | number;
  readonly gt?: string | number;
  readonly lte?: string | number;
}

export interface FindQuery {
  readonly filter?: DocumentFilter;
  /**
   * An indexed field; ties are broken by id in the same direction. Documents without the field come before all others,
   * descending behind them. Default: by id, ascending.
   */
  readonly sort?: { readonly field: string; readonly direction: 'asc' | 'desc' };
  /** Continue behind this document of the same query: its sort value (none when it has no such field) and id. */
  readonly after?: { readonly value?: string | number; readonly id: string };
  readonly limit: number;
}

/**
 * The read model's store. Documents live in generations: readers see the live one while a rebuild fills the
 * next, which then takes its place at once, without a moment in which nothing can be read.
 */
export interface DocumentStore extends AsyncDisposable {
  /** How far a projection got in the live generation (or in `generation`); 0 when it never ran. */
  checkpoint(projection: string, generation?: Generation): Promise<bigint>;
  /**
   * Writes documents and moves the projection's checkpoint in one transaction. A put whose revision is not higher
   * than the stored one changes nothing. Resolves when it is committed. After a power loss an adapter may have lost the last
   * writes, but only documents and checkpoint together.
   * @param term of whoever leads the projection
   * @throws SupersededError a later term has taken over; nothing was changed
   */
  write(projection: string, puts: readonly DocumentPut[], checkpoint: bigint, generation?: Generation, term?: Term): Promise<void>;
  /**
   * The live checkpoint, for whoever leads from here on: what earlier terms write is refused from now on, also in a generation that is promoted
   * later. Others may still write without a term, as operators do.
   * @throws SupersededError a later term has taken over already
   */
  takeOver(projection: string, term: Term): Promise<bigint>;
  get(collection: string, id: string, generation?: Generation): Promise<StoredDocument | undefined>;
  getMany(collection: string, ids: readonly string[], generation?: Generation): Promise<readonly (StoredDocument | undefined)[]>;
  find(collection: string, query: FindQuery, generation?: Generation): Promise<readonly StoredDocument[]>;
  /** Number of documents by the values of one indexed field. */
  countBy(collection: string, field: string, filter?: DocumentFilter): Promise<ReadonlyMap<string, number>>;
  /** Every document of a collection in id order, a page at a time (rebuild comparison, export). */
  scan(collection: string, generation?: Generation): AsyncIterable<StoredDocument>;

  /**
   * Are the live documents of these collections those that were written here? Not where somebody removed a collection and left the checkpoint: with the
   * next write it is there again, without what was in it. A rebuild puts that right.
   */
  isWhole(collections: readonly string[]): Promise<boolean>;

  /** Starts (or finds, after a crash) an empty or half-filled next generation of a projection's collections. */
  beginRebuild(projection: string, collections: readonly string[]): Promise<Generation>;
  /** The rebuild that was begun and neither promoted nor dropped, if any. */
  rebuilding(projection: string): Promise<Generation | undefined>;
  /**
   * The next generation becomes the live one, with its checkpoint; the old one is removed. The caller has read the live checkpoint, has brought the
   * next one as far, and writes nothing live meanwhile. After a crash it happened, or {@link rebuilding} still names it.
   * @throws RevisionConflictError another process has written to the live one since; what it writes next is refused until it has read the checkpoint again
   */
  promote(projection: string, generation: Generation): Promise<void>;
  dropRebuild(projection: string, generation: Generation): Promise<void>;
}

/** Opaque name of a generation. */
export type Generation = string & { readonly __generation: true };
export type FieldValue = Extract<Json, string | number | boolean>;
