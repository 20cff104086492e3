import { categoryOf, objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { DocumentPut, DocumentStore, Generation } from '@sagahub/contracts/ports/document-store.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { type HotDocument, HotDocuments } from './hot-documents.ts';
import { ParkedStreams } from './parked-streams.ts';
import { ProjectionRecord } from './projection-record.ts';
import { type Fold, type Projection, recordsOf } from './projections/projection.ts';

/** More parked streams than this are a fault of the code, not of a stream. */
const PARKED_LIMIT = 10_000;

/** The documents were emptied, or are those of an earlier moment: what is written next would stand on nothing. Begin behind their checkpoint. */
export class DocumentsLostError extends Error {}

/**
 * Folds events into documents and writes each document once per batch, with the checkpoint, in one transaction. However the log is
 * split into batches, and wherever a crash falls between them, the documents equal the fold from the beginning.
 *
 * One caller at a time. When a write fails nothing has happened: what is in memory is read again from the store.
 */
export class ProjectionWriter {
  readonly projection: Projection;
  readonly generation: Generation | undefined;
  /** Position of the last event whose effects are on disk. */
  checkpoint: bigint;
  parked: ParkedStreams;
  readonly #documents: DocumentStore;
  readonly #hot: HotDocuments;
  readonly #folds: ReadonlyMap<string, Fold>;
  #record: ProjectionRecord;
  /** Is what the projection writes about itself of the moment of its checkpoint? Not where one of them was removed and the other was not. As of the last look. */
  fitsCheckpoint: boolean;
  #stale = false;
  /** What was to be written next stands on documents that are gone. Until {@link reload}. */
  #lost = false;

  private constructor(
    projection: Projection,
    documents: DocumentStore,
    hotLimit: number,
    generation: Generation | undefined,
    records: Records,
  ) {
    this.projection = projection;
    this.generation = generation;
    this.#documents = documents;
    this.#hot = new HotDocuments(hotLimit);
    this.#folds = new Map(projection.folds.map((fold) => [fold.category, fold]));
    ({ checkpoint: this.checkpoint, parked: this.parked, record: this.#record, fits: this.fitsCheckpoint } = records);
  }

  /** @param hotLimit documents kept in memory between batches */
  static async open(
    projection: Projection,
    documents: DocumentStore,
    hotLimit: number,
    generation?: Generation,
  ): Promise<ProjectionWriter> {
    return new ProjectionWriter(projection, documents, hotLimit, generation, await readRecords(projection, documents, generation));
  }

  /** See {@link ProjectionRecord}. */
  get outdated(): boolean {
    return this.#record.outdated;
  }
  get behind(): boolean {
    return this.#record.behind;
  }

  /**
   * Takes in events in position order; those at or before the checkpoint were taken in already. Resolves when they are on disk.
   * @throws DocumentsLostError the checkpoint is an earlier one by now; nothing was written
   * @throws SupersededError the term is over
   */
  async write(events: readonly RecordedEvent[], term?: Term): Promise<void> {
    if (this.#stale) await this.reloadAtLeast(term);
    if (this.#lost) throw new DocumentsLostError(`the documents of ${this.projection.name} are at ${this.checkpoint}`);
    const fresh = events.filter((event) => event.position > this.checkpoint);
    const last = fresh.at(-1);
    if (!last) return;
    await this.#warm(fresh);
    const batch = new Batch();
    for (const event of fresh) this.#take(event, batch);
    await this.#commit(batch, last.position, term);
  }

  /**
   * Tries a parked stream again from its own events, up to the checkpoint. Resolves with the reason when it still cannot be projected.
   * @param events all of the stream, oldest first
   */
  async retry(stream: string, events: readonly RecordedEvent[]): Promise<string | undefined> {
    if (this.#stale) await this.reloadAtLeast(undefined);
    if (!this.parked.has(stream)) return undefined;
    const known = events.filter((event) => event.position <= this.checkpoint);
    const batch = new Batch();
    this.#stale = true; // what is parked in the store is not here any more, until that is written
    batch.records.push(this.parked.release(stream));
    await this.#warm(known.slice(-1)); // of what is parked nothing is read
    for (const event of known) this.#take(event, batch);
    await this.#commit(batch, this.checkpoint);
    return this.parked.list().find((parked) => parked.stream === stream)?.error;
  }

  /** Reads into memory the documents of streams that go on. A stream that begins has none. */
  async #warm(events: readonly RecordedEvent[]): Promise<void> {
    const missing = new Map<Fold, Set<string>>();
    const begun = new Set<string>();
    for (const { stream, revision } of events) {
      if (this.#hot.get(stream) || begun.has(stream) || this.parked.has(stream)) continue;
      const fold = this.#folds.get(categoryOf(stream));
      if (!fold) continue;
      if (revision === 0) begun.add(stream);
      else missing.set(fold, (missing.get(fold) ?? new Set()).add(stream));
    }
    for (const stream of begun) this.#hot.add(stream, objectIdOf(stream), undefined);
    for (const [fold, streams] of missing) {
      const names = [...streams];
      const found = await this.#documents.getMany(fold.collection, names.map(objectIdOf), this.generation);
      for (const [index, stream] of names.entries()) this.#hot.add(stream, objectIdOf(stream), found[index]);
    }
  }

  #take(event: RecordedEvent, batch: Batch): void {
    const fold = this.#folds.get(categoryOf(event.stream));
    if (!fold || this.parked.has(event.stream)) return;
    const document = this.#hot.get(event.stream) ?? this.#hot.add(event.stream, objectIdOf(event.stream), undefined);
    if (event.revision <= document.revision) return;
    try {
      if (event.revision !== document.revision + 1)
        throw new Error(`the document is at revision ${document.revision}, the next event is ${event.revision}`);
      document.body = fold.apply(document.body, event);
      document.revision = event.revision;
      batch.changed.set(event.stream, { fold, document, event });
    } catch (error) {
      batch.records.push(this.parked.park(event, error));
    }
  }

  async #commit(batch: Batch, checkpoint: bigint, term?: Term): Promise<void> {
    // Until the write has succeeded, memory is ahead of the store.
    this.#stale = true;
    await this.#documents.write(this.projection.name, this.#puts(batch, checkpoint), checkpoint, this.generation, term);
    this.#stale = false;
    this.checkpoint = checkpoint;
    for (const { document } of batch.changed.values()) document.stored = document.body;
    this.#hot.settle(
      batch.changed
        .entries()
        .map(([stream, { fold, document }]) => [stream, document.body !== undefined && fold.ended?.(document.body) === true]),
    );
  }

  #puts(batch: Batch, checkpoint: bigint): DocumentPut[] {
    const puts: DocumentPut[] = [];
    for (const change of batch.changed.values()) {
      try {
        puts.push(...this.#putsOf(change));
      } catch (error) {
        this.#hot.drop(change.event.stream); // it is at a revision that is not written
        batch.records.push(this.parked.park(change.event, error));
      }
    }
    const collection = recordsOf(this.projection.name);
    for (const record of batch.records) puts.push({ collection, ...record });
    puts.push({ collection, ...this.#record.next(checkpoint) });
    return puts;
  }

  #putsOf({ fold, document: { id, revision, stored, body } }: Change): DocumentPut[] {
    if (!body) return [];
    const puts: DocumentPut[] = [{ collection: fold.collection, id, revision, body: body as JsonObject }];
    for (const derived of fold.derive?.(stored, body) ?? []) puts.push({ ...derived, revision, body: derived.body as JsonObject });
    if (fold.tally) this.#record.move(stored ? fold.tally(stored) : [], fold.tally(body));
    return puts;
  }

  /**
   * Reads everything again, and finds out whether it is still there. Nothing is written on what is not, before {@link reload}.
   * @throws DocumentsLostError the checkpoint is an earlier one by now
   */
  async reloadAtLeast(term: Term | undefined): Promise<void> {
    const before = this.checkpoint;
    await this.reload(term);
    this.#lost = this.checkpoint < before;
    if (this.#lost)
      throw new DocumentsLostError(`the documents of ${this.projection.name} were at ${before}, and are at ${this.checkpoint}`);
  }

  /**
   * Reads everything again: after a failed write, and when another generation has become the live one.
   * @param term that begins, or goes on: nobody of an earlier one writes from here on
   * @throws SupersededError the term is over
   */
  async reload(term?: Term): Promise<void> {
    this.#stale = true;
    this.#lost = false;
    this.#hot.clear();
    ({
      checkpoint: this.checkpoint,
      parked: this.parked,
      record: this.#record,
      fits: this.fitsCheckpoint,
    } = await readRecords(this.projection, this.#documents, this.generation, term));
    this.#stale = false;
  }
}

/** A document and the last event folded into it. */
interface Change {
  readonly fold: Fold;
  readonly document: HotDocument;
  readonly event: RecordedEvent;
}

class Batch {
  readonly changed = new Map<string, Change>();
  readonly records: { readonly id: string; readonly revision: number; readonly body: JsonObject }[] = [];
}

interface Records {
  readonly checkpoint: bigint;
  readonly parked: ParkedStreams;
  readonly record: ProjectionRecord;
  readonly fits: boolean;
}

export const readParked = async (projection: string, documents: DocumentStore, generation?: Generation): Promise<ParkedStreams> => {
  const filter = { state: { in: ['parked', 'released'] } };
  return new ParkedStreams(await documents.find(recordsOf(projection), { filter, limit: PARKED_LIMIT }, generation));
};

const readRecords = async (
  projection: Projection,
  documents: DocumentStore,
  generation: Generation | undefined,
  term?: Term,
): Promise<Records> => {
  const before = await ProjectionRecord.read(projection, documents, generation);
  const checkpoint = await (term ? documents.takeOver(projection.name, term) : documents.checkpoint(projection.name, generation));
  const parked = await readParked(projection.name, documents, generation);
  const record = await ProjectionRecord.read(projection, documents, generation);
  // Somebody else may be writing: then the record was before the checkpoint or at it, and is at it or behind it.
  return { checkpoint, parked, record, fits: before.position <= checkpoint && checkpoint <= record.position };
};
