import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { ORDER } from '@sagahub/contracts/messages/order.ts';
import { z } from 'zod';
import type { Projected } from '../projection-writer.ts';
import type { OrderDocument } from '../projections/order-document.ts';
import { eventStream, resumePosition } from './event-stream.ts';
import { foldOrder, type OrderAt } from './order-reader.ts';
import { changeOf } from './order-view.ts';
import { readQuery } from '@sagahub/contracts/api/parameters.ts';
import type { QueryContext } from './query-context.ts';

export const STREAM_HEADERS = {
  'Last-Event-ID': { description: 'For an event stream: go on behind this message.', schema: z.string().optional() },
};
export const STREAM_QUERY = {
  after: { description: 'For an event stream: like `Last-Event-ID`, for clients that cannot set it.', schema: z.string().optional() },
};

/** Events of the log read at once while a client catches up. */
const PAGE = 500;

/** Every change of a partner's orders; from now on, or from where the client was cut off. */
export const ordersStream = (context: QueryContext, request: ApiRequest, partnerId: string): ApiResponse => {
  readQuery(request, STREAM_QUERY);
  const after = resumePosition(context, request);
  return eventStream(context, request, {
    // What the client has seen may be ahead of what was told here: it read the log, or this process started after it did.
    wants: (event) => event.metadata.partnerId === partnerId && event.position > (after ?? 0n),
    missed: (until) => (after === undefined ? nothing() : missedChanges(context, partnerId, after, until)),
    message: async ({ event, document }) => {
      if (!document) return undefined;
      return { name: 'order', data: changeOf(event, document as OrderDocument, await context.openBreakers()) };
    },
  });
};

async function* nothing(): AsyncGenerator<Projected> {}

async function* missedChanges({ store }: QueryContext, partnerId: string, after: bigint, until: bigint): AsyncGenerator<Projected> {
  for (let from = after; from < until; ) {
    const page = await store.readAll({ after: from, limit: PAGE, categories: [ORDER] });
    const orders = new Map<string, OrderAt | undefined>();
    for (const event of page) {
      if (event.position > until) return;
      if (event.metadata.partnerId !== partnerId) continue;
      const before = orders.has(event.stream) ? orders.get(event.stream) : await orderBefore(store, event);
      const folded = foldOrder([event], before);
      orders.set(event.stream, folded);
      yield { event, document: folded?.order };
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    from = last.position;
  }
}

const orderBefore = async (store: QueryContext['store'], { stream, revision }: RecordedEvent): Promise<OrderAt | undefined> =>
  revision === 0 ? undefined : foldOrder(await store.readStream(stream, { to: revision - 1 }), undefined);
