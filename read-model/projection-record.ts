import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { DocumentStore, Generation, StoredDocument } from '@sagahub/contracts/ports/document-store.ts';
import { type Projection, recordsOf } from './projections/projection.ts';

/** What a projection writes about itself with every batch. */
export interface ProjectionRecordDocument {
  /** Of the newest folds that had a part in the documents. */
  readonly version: number;
  /** Folds of other versions had one too, as where releases take turns in projecting: nobody's folds give these documents. */
  readonly mixed?: true;
  /** Decimal; exactly here the counts are right. */
  readonly position: string;
  /** How many documents count in which counter (`Fold.tally`). */
  readonly counts: Readonly<Record<string, number>>;
}

const RECORD_ID = 'projection';

/** Keeps the counters by the difference that each written document makes. */
export class ProjectionRecord {
  #position: bigint;
  readonly #counts: Map<string, number>;
  readonly #own: number;
  #version: number;
  #mixed: boolean;
  #revision: number;

  private constructor(projection: Projection, stored: StoredDocument | undefined) {
    this.#position = BigInt(bodyOf(stored)?.position ?? LOG_START);
    this.#counts = new Map(Object.entries(bodyOf(stored)?.counts ?? {}));
    this.#own = projection.version;
    this.#version = bodyOf(stored)?.version ?? projection.version;
    this.#mixed = bodyOf(stored)?.mixed ?? false;
    this.#revision = stored?.revision ?? -1;
  }

  static async read(projection: Projection, documents: DocumentStore, generation?: Generation): Promise<ProjectionRecord> {
    return new ProjectionRecord(projection, await documents.get(recordsOf(projection.name), RECORD_ID, generation));
  }

  /** Of the checkpoint that it was written with; of none the start of the log. */
  get position(): bigint {
    return this.#position;
  }

  /** Did other folds than the projection's have a part in these documents? Then they are to be rebuilt. */
  get outdated(): boolean {
    return this.#mixed || this.#version !== this.#own;
  }

  /** And did none of newer folds? Then it is for this release to rebuild them. */
  get behind(): boolean {
    return this.outdated && this.#version <= this.#own;
  }

  /** A document that counted in `before` now counts in `after`. */
  move(before: readonly string[], after: readonly string[]): void {
    for (const counter of before) this.#add(counter, -1);
    for (const counter of after) this.#add(counter, 1);
  }

  /** The document to write, one revision above the last; counters at zero are left out, so that a rebuild is identical. */
  next(position: bigint): StoredDocument {
    this.#revision += 1;
    this.#position = position;
    this.#mixed = this.outdated;
    this.#version = Math.max(this.#version, this.#own);
    const counts = Object.fromEntries([...this.#counts].filter(([, count]) => count !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return {
      id: RECORD_ID,
      revision: this.#revision,
      body: { version: this.#version, ...(this.#mixed && { mixed: true }), position: position.toString(), counts },
    };
  }

  #add(counter: string, change: number): void {
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + change);
  }
}

/** The record as it is stored: counts and the position at which they are exact, from one read. */
export const readProjectionRecord = async (projection: string, documents: DocumentStore): Promise<ProjectionRecordDocument | undefined> =>
  bodyOf(await documents.get(recordsOf(projection), RECORD_ID));

const bodyOf = (stored: StoredDocument | undefined) => stored?.body as ProjectionRecordDocument | undefined;
