import type { HealthView } from '@sagahub/contracts/api/order-views.ts';
import type { OrderStatus } from '@sagahub/contracts/messages/order.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { type OrderDocument, ORDERS } from '../projections/order-document.ts';
import { healthOf } from './health.ts';
import type { OpenBreakers } from './order-view.ts';

/** An order in flight, and how it is. */
export interface Work {
  readonly order: OrderDocument;
  readonly health: HealthView;
}
export type Place = { readonly value: string; readonly id: string };

const IN_FLIGHT: readonly OrderStatus[] = ['received', 'processing', 'waiting', 'compensating', 'stuck'];
/** Orders read at once, of each status. */
const BATCH = 200;

/** Orders that have not ended, received first first. By status, as an index over all orders would begin with a million that ended. */
export async function* workInFlight(documents: DocumentStore, breakers: OpenBreakers, nowMs: number, after?: Place): AsyncGenerator<Work> {
  const lines = IN_FLIGHT.map((status) => new Line(documents, status, after));
  for (;;) {
    const heads = (await Promise.all(lines.map((line) => line.head()))).filter((head) => head !== undefined);
    const first = heads.toSorted(receivedFirst)[0];
    if (!first) return;
    for (const line of lines) line.drop(first);
    const health = healthOf(first, breakers, nowMs);
    if (health) yield { order: first, health };
  }
}

export const placeOf = ({ order }: Work): Place => ({ value: order.receivedAt, id: order.orderId });

const receivedFirst = (left: OrderDocument, right: OrderDocument): number =>
  left.receivedAt === right.receivedAt ? (left.orderId < right.orderId ? -1 : 1) : left.receivedAt < right.receivedAt ? -1 : 1;

/** Orders of one status, a batch at a time. */
class Line {
  readonly #documents: DocumentStore;
  readonly #status: OrderStatus;
  #after: Place | undefined;
  #batch: OrderDocument[] = [];
  #ended = false;

  constructor(documents: DocumentStore, status: OrderStatus, after: Place | undefined) {
    this.#documents = documents;
    this.#status = status;
    this.#after = after;
  }

  async head(): Promise<OrderDocument | undefined> {
    if (this.#batch.length === 0 && !this.#ended) await this.#read();
    return this.#batch[0];
  }

  drop(order: OrderDocument): void {
    if (this.#batch[0] === order) this.#batch.shift();
  }

  async #read(): Promise<void> {
    const found = await this.#documents.find(ORDERS, {
      filter: { status: { eq: this.#status } },
      sort: { field: 'receivedAt', direction: 'asc' },
      ...(this.#after && { after: this.#after }),
      limit: BATCH,
    });
    this.#batch = found.map(({ body }) => body as unknown as OrderDocument);
    this.#ended = found.length < BATCH;
    const last = this.#batch.at(-1);
    if (last) this.#after = { value: last.receivedAt, id: last.orderId };
  }
}

export interface WorkCount {
  readonly state: HealthView['state'];
  readonly cause: string;
  readonly waitsFor: HealthView['waitsFor'];
  count: number;
  /** Of the one that waits longest. ISO 8601. */
  oldestSince: string;
  oldestOrderId: string;
}

/** Counts by state and cause, most frequent first. @param limit orders looked at */
export const countWork = async (work: AsyncIterable<Work>, limit: number): Promise<{ counts: readonly WorkCount[]; complete: boolean }> => {
  const counts = new Map<string, WorkCount>();
  let seen = 0;
  let complete = true;
  for await (const { order, health } of work) {
    if (++seen > limit) {
      complete = false;
      break;
    }
    const { state, cause, waitsFor, since } = health;
    const key = `${state}\n${cause}\n${waitsFor}`;
    const known = counts.get(key);
    if (!known) counts.set(key, { state, cause, waitsFor, count: 1, oldestSince: since, oldestOrderId: order.orderId });
    else {
      known.count++;
      if (since < known.oldestSince) Object.assign(known, { oldestSince: since, oldestOrderId: order.orderId });
    }
  }
  return { counts: [...counts.values()].toSorted((left, right) => right.count - left.count), complete };
};
