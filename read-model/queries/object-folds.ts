import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Fold } from '../projections/projection.ts';
import type { ObjectDocument } from './flow-view.ts';
import { foldObject, type ObjectAt } from './object-reader.ts';

/** Objects in flight that are remembered; of others the stream is read again. */
const REMEMBERED = 500;

/** A flow's objects as they were behind each of their events, for one reader that goes through the log. */
export class ObjectFolds {
  readonly #fold: Fold;
  readonly #store: Pick<EventStore, 'readStream'>;
  readonly #known = new Map<string, ObjectAt>();

  constructor(fold: Fold, store: Pick<EventStore, 'readStream'>) {
    this.#fold = fold;
    this.#store = store;
  }

  /** `undefined` when this event, or one before it, cannot be folded. */
  async objectAt(event: RecordedEvent): Promise<ObjectDocument | undefined> {
    const before = await this.#before(event);
    const folded = event.revision === (before?.revision ?? -1) + 1 ? foldObject(this.#fold, [event], before) : before;
    this.#known.delete(event.stream);
    if (folded && folded.document.endedAt === undefined) this.#remember(event.stream, folded);
    return folded?.revision === event.revision ? folded.document : undefined;
  }

  async #before({ stream, revision }: RecordedEvent): Promise<ObjectAt | undefined> {
    if (revision === 0) return undefined;
    const known = this.#known.get(stream);
    if (known?.revision === revision - 1) return known;
    return foldObject(this.#fold, await this.#store.readStream(stream, { to: revision - 1 }), undefined);
  }

  #remember(stream: string, object: ObjectAt): void {
    this.#known.set(stream, object);
    if (this.#known.size <= REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
