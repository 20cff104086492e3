import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { CollectionSpec } from '@sagahub/contracts/ports/document-store.ts';

/** A document that follows from another one, e.g. the dead letters of an order. */
export interface Derived {
  readonly collection: string;
  readonly id: string;
  readonly body: object;
}

/**
 * One document per stream of a category, folded from that stream's events and from nothing else: no clock, no look-up. The
 * document's revision is that of the last event in it.
 */
export interface Fold<Body extends object = any> {
  readonly category: string;
  readonly collection: string;
  /** Pure: never changes `before`. Throws on an event that cannot be projected; its stream is then parked. */
  readonly apply: (before: Body | undefined, event: RecordedEvent) => Body;
  /** Further documents that follow from `after` and did not follow from `before`. */
  readonly derive?: (before: Body | undefined, after: Body) => readonly Derived[];
  /** Names of the counters that this document counts in; kept exact, with the checkpoint, in the projection's record. */
  readonly tally?: (body: Body) => readonly string[];
  /** Its events have probably all come: it need not be kept in memory. */
  readonly ended?: (body: Body) => boolean;
}

/** Folds that share one subscription, one checkpoint and one rebuild. */
export interface Projection {
  readonly name: string;
  /** Raise it when a fold gives another result: the next start rebuilds the documents by itself, without an outage. */
  readonly version: number;
  readonly folds: readonly Fold[];
  /** Of the folds and of what they derive. Rebuilt together. */
  readonly collections: readonly CollectionSpec[];
}

/** Collection of the projection's own records: counters, version, parked streams. */
export const recordsOf = (projection: string): string => `${projection}-projection`;

export const foldOf = (projection: Projection, category: string): Fold | undefined =>
  projection.folds.find((fold) => fold.category === category);

export const categoriesOf = (projection: Projection): readonly string[] => projection.folds.map((fold) => fold.category);

/** Every collection of the projection, its own records included. */
export const collectionsOf = (projection: Projection): readonly CollectionSpec[] => [
  ...projection.collections,
  { name: recordsOf(projection.name), indexes: [['state']] },
];

/**
 * Every member, absent ones as `undefined` (JSON leaves them out): all documents of a fold then have one shape, and folding an event takes
 * 0.5 µs instead of 3.3 with members that come and go.
 */
export type Whole<Document> = { -readonly [Member in keyof Required<Document>]: Document[Member] | undefined };

/** Names of counters, made once: `state:Approved` by `Approved`. */
export const named = <Name extends string>(prefix: string, names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, `${prefix}:${name}`])) as Record<Name, string>;
