import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { Fold } from '../projections/projection.ts';
import type { FlowView, ObjectDocument } from './flow-view.ts';

/** An object at a revision of its stream. */
export interface ObjectAt {
  readonly document: ObjectDocument;
  readonly revision: number;
}

/** A moment in an object's life: at most this revision and, or, this time (ISO 8601). */
export interface Moment {
  readonly at?: string | undefined;
  readonly revision?: number | undefined;
}

const OBJECT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Single objects of a flow, never behind the log: the document, and folded onto it whatever its stream has meanwhile. */
export class ObjectReader {
  readonly #view: Pick<FlowView, 'fold' | 'words'>;
  readonly #ports: Pick<Ports, 'store' | 'documents'>;

  constructor(view: Pick<FlowView, 'fold' | 'words'>, ports: Pick<Ports, 'store' | 'documents'>) {
    this.#view = view;
    this.#ports = ports;
  }

  streamOf(id: string): string {
    return `${this.#view.fold.category}-${id}`;
  }

  /** @throws NotFoundError no object has this id */
  async read(id: string): Promise<ObjectAt> {
    if (!OBJECT_ID.test(id)) throw this.#notFound(id);
    const { fold } = this.#view;
    const stored = await this.#ports.documents.get(fold.collection, id);
    const from = (stored?.revision ?? -1) + 1;
    const rest = await this.#ports.store.readStream(this.streamOf(id), { from });
    const known = stored && { document: stored.body as unknown as ObjectDocument, revision: stored.revision };
    const folded = foldObject(fold, rest, known);
    if (!folded) throw this.#notFound(id);
    return folded;
  }

  /** The object as it was then. @throws NotFoundError it did not exist yet */
  async readAsOf(id: string, { at, revision }: Moment): Promise<ObjectAt> {
    const events = (await this.events(id)).filter(
      (event) => (revision === undefined || event.revision <= revision) && (at === undefined || event.metadata.time <= at),
    );
    const folded = foldObject(this.#view.fold, events, undefined);
    if (!folded) throw new NotFoundError(`${this.#view.words.one} ${id} as of then`);
    return folded;
  }

  /** Its whole stream, oldest first. @throws NotFoundError */
  async events(id: string): Promise<readonly [RecordedEvent, ...RecordedEvent[]]> {
    if (!OBJECT_ID.test(id)) throw this.#notFound(id);
    const [first, ...rest] = await this.#ports.store.readStream(this.streamOf(id));
    if (!first) throw this.#notFound(id);
    return [first, ...rest];
  }

  #notFound(id: string): NotFoundError {
    return new NotFoundError(`${this.#view.words.one} ${id}`);
  }
}

/** Goes as far as it can: an event that cannot be folded leaves the object as it was before it, unless it was the first. */
export const foldObject = (fold: Fold, events: readonly RecordedEvent[], from: ObjectAt | undefined): ObjectAt | undefined => {
  let folded = from;
  for (const event of events) {
    try {
      folded = { document: fold.apply(folded?.document, event), revision: event.revision };
    } catch (error) {
      if (!folded) throw error;
      return folded;
    }
  }
  return folded;
};
