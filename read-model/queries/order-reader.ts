import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { orderFold } from '../projections/order.ts';
import { type OrderDocument, ORDERS } from '../projections/order-document.ts';

/** An order at a revision of its stream. */
export interface OrderAt {
  readonly order: OrderDocument;
  readonly revision: number;
}

/** A moment in an order's life: at most this revision and, or, this time (ISO 8601). */
export interface Moment {
  readonly at?: string | undefined;
  readonly revision?: number | undefined;
}

const ORDER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Single orders, never behind the log: the document, and folded onto it whatever its stream has meanwhile. */
export class OrderReader {
  readonly #ports: Pick<Ports, 'store' | 'documents'>;

  constructor(ports: Pick<Ports, 'store' | 'documents'>) {
    this.#ports = ports;
  }

  /** @throws NotFoundError no order has this id */
  async read(orderId: string): Promise<OrderAt> {
    if (!ORDER_ID.test(orderId)) throw notFound(orderId);
    const stored = await this.#ports.documents.get(ORDERS, orderId);
    const from = (stored?.revision ?? -1) + 1;
    const rest = await this.#ports.store.readStream(orderStream(orderId), { from });
    const known = stored && { order: stored.body as unknown as OrderDocument, revision: stored.revision };
    const folded = foldOrder(rest, known);
    if (!folded) throw notFound(orderId);
    return folded;
  }

  /** The order as it was then. @throws NotFoundError it did not exist yet */
  async readAsOf(orderId: string, { at, revision }: Moment): Promise<OrderAt> {
    const events = (await this.events(orderId)).filter(
      (event) => (revision === undefined || event.revision <= revision) && (at === undefined || event.metadata.time <= at),
    );
    const folded = foldOrder(events, undefined);
    if (!folded) throw new NotFoundError(`order ${orderId} as of then`);
    return folded;
  }

  /** Its whole stream, oldest first. @throws NotFoundError */
  async events(orderId: string): Promise<readonly RecordedEvent[]> {
    if (!ORDER_ID.test(orderId)) throw notFound(orderId);
    const events = await this.#ports.store.readStream(orderStream(orderId));
    if (events.length === 0) throw notFound(orderId);
    return events;
  }
}

/** Goes as far as it can: an event that cannot be folded leaves the order as it was before it, unless it was the first. */
export const foldOrder = (events: readonly RecordedEvent[], from: OrderAt | undefined): OrderAt | undefined => {
  let folded = from;
  for (const event of events) {
    try {
      folded = { order: orderFold.apply(folded?.order, event), revision: event.revision };
    } catch (error) {
      if (!folded) throw error;
      return folded;
    }
  }
  return folded;
};

const notFound = (orderId: string) => new NotFoundError(`order ${orderId}`);
