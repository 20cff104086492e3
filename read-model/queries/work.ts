import type { HealthView } from '@sagahub/contracts/api/object-views.ts';
import type { DocumentFilter, DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { type FlowView, idOf, type ObjectDocument, type OpenBreakers } from './flow-view.ts';
import { healthOf } from './health.ts';

/** An object in flight, and how it is. */
export interface Work extends InFlight {
  readonly health: HealthView;
}
export type Place = { readonly value: string; readonly id: string };

interface InFlight extends Place {
  readonly view: FlowView;
  readonly document: ObjectDocument;
}

/** Objects read at once, of each flow and filter. */
const BATCH = 200;

/**
 * Objects that have not ended, received first first. By what each flow finds them by, as an index over all objects would begin with a million that ended.
 * @param after the place of the last one that was seen
 */
export async function* workInFlight(
  views: readonly FlowView[],
  documents: DocumentStore,
  breakers: OpenBreakers,
  nowMs: number,
  after?: Place,
): AsyncGenerator<Work> {
  const lines = views.flatMap((view) => view.inFlight.map((filter) => new Line(documents, view, filter, after)));
  for (;;) {
    const heads = (await Promise.all(lines.map((line) => line.head()))).filter((head) => head !== undefined);
    const first = heads.toSorted(receivedFirst)[0];
    if (!first) return;
    for (const line of lines) line.drop(first);
    const health = healthOf(first.view, first.document, breakers, nowMs);
    if (health) yield { ...first, health };
  }
}

const receivedFirst = (left: Place, right: Place): number =>
  left.value === right.value ? (left.id < right.id ? -1 : 1) : left.value < right.value ? -1 : 1;

/** What one of a flow's filters finds, a batch at a time. */
class Line {
  readonly #documents: DocumentStore;
  readonly #view: FlowView;
  readonly #filter: DocumentFilter;
  #after: Place | undefined;
  #batch: InFlight[] = [];
  #ended = false;

  constructor(documents: DocumentStore, view: FlowView, filter: DocumentFilter, after: Place | undefined) {
    this.#documents = documents;
    this.#view = view;
    this.#filter = filter;
    this.#after = after;
  }

  async head(): Promise<InFlight | undefined> {
    if (this.#batch.length === 0 && !this.#ended) await this.#read();
    return this.#batch[0];
  }

  drop(object: InFlight): void {
    if (this.#batch[0] === object) this.#batch.shift();
  }

  async #read(): Promise<void> {
    const view = this.#view;
    const found = await this.#documents.find(view.fold.collection, {
      filter: this.#filter,
      sort: { field: 'receivedAt', direction: 'asc' },
      ...(this.#after && { after: { value: this.#after.value, id: this.#after.id } }),
      limit: BATCH,
    });
    this.#batch = found.map(({ body }) => {
      const document = body as unknown as ObjectDocument;
      return { view, document, value: document.receivedAt, id: idOf(view, document) };
    });
    this.#ended = found.length < BATCH;
    this.#after = this.#batch.at(-1) ?? this.#after;
  }
}

export interface WorkCount {
  readonly flow: string;
  readonly state: HealthView['state'];
  readonly cause: string;
  readonly waitsFor: HealthView['waitsFor'];
  count: number;
  /** Of the one that waits longest. ISO 8601. */
  oldestSince: string;
  oldestObjectId: string;
}

/** Counts by flow, state and cause, most frequent first. @param limit objects looked at */
export const countWork = async (work: AsyncIterable<Work>, limit: number): Promise<{ counts: readonly WorkCount[]; complete: boolean }> => {
  const counts = new Map<string, WorkCount>();
  let seen = 0;
  let complete = true;
  for await (const { view, id, health } of work) {
    if (++seen > limit) {
      complete = false;
      break;
    }
    const { state, cause, waitsFor, since } = health;
    const flow = view.fold.category;
    const key = `${flow}\n${state}\n${cause}\n${waitsFor}`;
    const known = counts.get(key);
    if (!known) counts.set(key, { flow, state, cause, waitsFor, count: 1, oldestSince: since, oldestObjectId: id });
    else {
      known.count++;
      if (since < known.oldestSince) Object.assign(known, { oldestSince: since, oldestObjectId: id });
    }
  }
  return { counts: [...counts.values()].toSorted((left, right) => right.count - left.count), complete };
};
