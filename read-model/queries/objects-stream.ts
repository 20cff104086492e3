import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import { categoryOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { z } from 'zod';
import { eventStream, resumePosition } from './event-stream.ts';
import type { FlowView } from './flow-view.ts';
import { ObjectFolds } from './object-folds.ts';
import { changeOf } from './object-view.ts';
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

/** Every change of a partner's objects of a flow; from now on, or from where the client was cut off. */
export const objectsStream = (view: FlowView, context: QueryContext, request: ApiRequest, partnerId: string): ApiResponse => {
  readQuery(request, STREAM_QUERY);
  const after = resumePosition(context, request);
  const folds = new ObjectFolds(view.fold, context.store);
  return eventStream(context, request, {
    // What the client has seen may be ahead of what was told here: it read the log, or this process started after it did.
    wants: (event) =>
      event.metadata.partnerId === partnerId && categoryOf(event.stream) === view.fold.category && event.position > (after ?? 0n),
    missed: (until) => (after === undefined ? nothing() : missedChanges(view, context, partnerId, after, until)),
    message: async (event) => {
      const object = await folds.objectAt(event);
      return object && { name: view.words.one, data: changeOf(view, event, object, await context.openBreakers()) };
    },
  });
};

async function* nothing(): AsyncGenerator<RecordedEvent> {}

async function* missedChanges(
  { fold }: FlowView,
  { store }: QueryContext,
  partnerId: string,
  after: bigint,
  until: bigint,
): AsyncGenerator<RecordedEvent> {
  for (let from = after; from < until; ) {
    const page = await store.readAll({ after: from, limit: PAGE, categories: [fold.category] });
    for (const event of page) {
      if (event.position > until) return;
      if (event.metadata.partnerId === partnerId) yield event;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    from = last.position;
  }
}
