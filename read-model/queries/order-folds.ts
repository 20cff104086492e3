import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { OrderDocument } from '../projections/order-document.ts';
import { foldOrder, type OrderAt } from './order-reader.ts';

/** Orders in flight that are remembered; of others the stream is read again. */
const REMEMBERED = 500;

/** Orders as they were behind each of their events, for one reader that goes through the log. */
export class OrderFolds {
  readonly #store: Pick<EventStore, 'readStream'>;
  readonly #known = new Map<string, OrderAt>();

  constructor(store: Pick<EventStore, 'readStream'>) {
    this.#store = store;
  }

  /** `undefined` when this event, or one before it, cannot be folded. */
  async orderAt(event: RecordedEvent): Promise<OrderDocument | undefined> {
    const before = await this.#before(event);
    const folded = event.revision === (before?.revision ?? -1) + 1 ? foldOrder([event], before) : before;
    this.#known.delete(event.stream);
    if (folded && folded.order.endedAt === undefined) this.#remember(event.stream, folded);
    return folded?.revision === event.revision ? folded.order : undefined;
  }

  async #before({ stream, revision }: RecordedEvent): Promise<OrderAt | undefined> {
    if (revision === 0) return undefined;
    const known = this.#known.get(stream);
    if (known?.revision === revision - 1) return known;
    return foldOrder(await this.#store.readStream(stream, { to: revision - 1 }), undefined);
  }

  #remember(stream: string, order: OrderAt): void {
    this.#known.set(stream, order);
    if (this.#known.size <= REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
