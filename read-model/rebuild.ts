import type { RebuildProgress } from '@sagahub/contracts/api/operations-views.ts';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DocumentStore, Generation } from '@sagahub/contracts/ports/document-store.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { ProjectionWriter } from './projection-writer.ts';
import type { Projector } from './projector.ts';
import { categoriesOf, collectionsOf } from './projections/projection.ts';

export interface RebuildOptions {
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Stops between two pages; the next rebuild goes on from there. */
  readonly signal?: AbortSignal;
  /** Events read and written at once. Default 2,000. */
  readonly pageSize?: number;
}

type RebuildPorts = Pick<Ports, 'store' | 'documents' | 'clock'>;

/** Documents kept in memory while rebuilding: orders whose events lie far apart are read back, the others are not. */
const HOT_DOCUMENTS = 50_000;

/**
 * Folds the whole log into the next generation of the projection's documents, while readers see the live one, and puts it in its
 * place at the checkpoint of the live one. A rebuild that was interrupted goes on from its own checkpoint.
 */
export const rebuild = async (projector: Projector, ports: RebuildPorts, options: RebuildOptions = {}): Promise<RebuildProgress> => {
  const run = new Rebuild(projector, ports, options, await nextGeneration(projector, ports));
  // Live documents that are good for nothing may be at the log's very start: they are no measure.
  const target = async (checkpoint: bigint): Promise<bigint> => {
    const end = projector.isUnfit ? await ports.store.lastPosition() : LOG_START;
    return checkpoint > end ? checkpoint : end;
  };
  // The live documents move on meanwhile: the last short page is written while they are held still.
  while ((await run.catchUp(await target(projector.checkpoint))) === run.pageSize);
  const exchanged = async (): Promise<boolean> => {
    let isInPlace = false;
    await projector.exchange(async (checkpoint) => {
      run.forgetAhead();
      while ((await run.catchUp(await target(checkpoint))) > 0);
      isInPlace = await putInPlace(ports.documents, projector.projection.name, run.generation);
    });
    return isInPlace;
  };
  while (!(await exchanged()));
  return run.report(true);
};

/** @returns false: another process projects, and has written meanwhile; until it has noticed, the live documents stand still */
const putInPlace = async (documents: DocumentStore, projection: string, generation: Generation): Promise<boolean> => {
  try {
    await documents.promote(projection, generation);
    return true;
  } catch (error) {
    if (error instanceof RevisionConflictError) return false;
    throw error;
  }
};

/** What an earlier attempt left, unless other folds made it, it is of events that the log has no more, or what it wrote about itself does not fit. */
const nextGeneration = async (
  { projection }: Projector,
  { documents, store }: RebuildPorts,
): Promise<ProjectionWriter & { generation: Generation }> => {
  const begin = async () => {
    const generation = await documents.beginRebuild(
      projection.name,
      collectionsOf(projection).map(({ name }) => name),
    );
    return ProjectionWriter.open(projection, documents, HOT_DOCUMENTS, generation) as Promise<
      ProjectionWriter & { generation: Generation }
    >;
  };
  for (;;) {
    const writer = await begin();
    if (!writer.outdated && writer.fitsCheckpoint && writer.checkpoint <= (await store.lastPosition())) return writer;
    await documents.dropRebuild(projection.name, writer.generation);
  }
};

class Rebuild {
  readonly generation: Generation;
  readonly pageSize: number;
  readonly #projector: Projector;
  readonly #ports: RebuildPorts;
  readonly #options: RebuildOptions;
  readonly #writer: ProjectionWriter;
  readonly #startedMs: number;
  /** Position; more than the log's start when an earlier attempt is gone on with. */
  readonly #begunAt: number;
  #events = 0;
  /** The page behind the one being written, read meanwhile. */
  #ahead: { readonly after: bigint; readonly page: Promise<RecordedEvent[]> } | undefined;

  constructor(projector: Projector, ports: RebuildPorts, options: RebuildOptions, writer: ProjectionWriter & { generation: Generation }) {
    this.#projector = projector;
    this.#ports = ports;
    this.#options = options;
    this.#writer = writer;
    this.generation = writer.generation;
    this.pageSize = options.pageSize ?? 2_000;
    this.#startedMs = ports.clock.now();
    this.#begunAt = Number(writer.checkpoint);
  }

  /** Writes one page, never beyond `target`. Resolves with the number of its events. */
  async catchUp(target: bigint): Promise<number> {
    this.#options.signal?.throwIfAborted();
    const page = await this.#read(this.#writer.checkpoint);
    const events = page.filter(({ position }) => position <= target);
    const last = events.at(-1);
    if (!last) return 0;
    if (events.length === page.length) this.#prefetch(last.position);
    await this.#writer.write(events);
    this.#events += events.length;
    this.report(false);
    return events.length;
  }

  /** What was read ahead may lack events that are projected by now. */
  forgetAhead(): void {
    this.#ahead = undefined;
  }

  report(finished: boolean): RebuildProgress {
    const seconds = Math.max(0.001, (this.#ports.clock.now() - this.#startedMs) / 1_000);
    const progress: RebuildProgress = {
      ...this.#progress(),
      eventsPerSecond: Math.round(this.#events / seconds),
      finished,
    };
    this.#projector.rebuilding = finished ? undefined : progress;
    this.#options.onProgress?.(progress);
    return progress;
  }

  /** Where positions have gaps, the total is estimated from how far the events taken so far have led. */
  #progress(): Pick<RebuildProgress, 'events' | 'total'> {
    const [done, whole] = [Number(this.#writer.checkpoint), Number(this.#projector.checkpoint)];
    if (this.#ports.store.densePositions) return { events: done, total: whole };
    const total = done - this.#begunAt > 0 ? (this.#events * (whole - this.#begunAt)) / (done - this.#begunAt) : this.#events;
    return { events: this.#events, total: Math.max(this.#events, Math.round(total)) };
  }

  #read(after: bigint): Promise<RecordedEvent[]> {
    if (this.#ahead?.after !== after) this.#prefetch(after);
    return this.#ahead?.page ?? Promise.resolve([]);
  }

  #prefetch(after: bigint): void {
    const categories = categoriesOf(this.#projector.projection);
    const page = this.#ports.store.readAll({ after, limit: this.pageSize, categories });
    page.catch(() => {}); // reported when it is taken
    this.#ahead = { after, page };
  }
}
