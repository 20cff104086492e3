import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { ORDER } from '@sagahub/contracts/messages/order.ts';
import { z } from 'zod';
import { eventStream, resumePosition } from './event-stream.ts';
import { OrderFolds } from './order-folds.ts';
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
  const folds = new OrderFolds(context.store);
  return eventStream(context, request, {
    // What the client has seen may be ahead of what was told here: it read the log, or this process started after it did.
    wants: (event) => event.metadata.partnerId === partnerId && event.position > (after ?? 0n),
    missed: (until) => (after === undefined ? nothing() : missedChanges(context, partnerId, after, until)),
    message: async (event) => {
      const order = await folds.orderAt(event);
      return order && { name: 'order', data: changeOf(event, order, await context.openBreakers()) };
    },
  });
};

async function* nothing(): AsyncGenerator<RecordedEvent> {}

async function* missedChanges({ store }: QueryContext, partnerId: string, after: bigint, until: bigint): AsyncGenerator<RecordedEvent> {
  for (let from = after; from < until; ) {
    const page = await store.readAll({ after: from, limit: PAGE, categories: [ORDER] });
    for (const event of page) {
      if (event.position > until) return;
      if (event.metadata.partnerId === partnerId) yield event;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    from = last.position;
  }
}
