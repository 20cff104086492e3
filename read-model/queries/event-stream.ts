import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { EVENT_STREAM } from './answers.ts';
import { MessageQueue } from './message-queue.ts';
import type { QueryContext } from './query-context.ts';

/** How long a browser waits before it comes back. */
const RETRY_MS = 2_000;

export interface StreamSource {
  /** Which events concern this client. */
  readonly wants: (event: RecordedEvent) => boolean;
  /** What happened behind `after` and up to `until`, in order, from the log. */
  readonly missed: (until: bigint) => AsyncIterable<RecordedEvent>;
  /** The message of one event; `undefined` to leave it out. Called for every event, in order. */
  readonly message: (event: RecordedEvent) => Promise<{ readonly name: string; readonly data: object } | undefined>;
}

/**
 * Server-sent events: first what the client missed, then what comes, each exactly once and in the order of the log. `id` is the place
 * in the log, so that a client which was cut off, or dropped as too slow, goes on with `Last-Event-ID` and loses nothing.
 */
export const eventStream = (context: QueryContext, request: ApiRequest, source: StreamSource): ApiResponse => ({
  status: 200,
  headers: { 'content-type': `${EVENT_STREAM}; charset=utf-8`, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  body: messages(context, request.signal, source),
});

/** Where the client wants to go on; `undefined`: it did not say. An empty `Last-Event-ID` is none. */
export const resumePosition = (context: QueryContext, request: ApiRequest): bigint | undefined => {
  const header = request.headers['last-event-id'];
  if (header) return context.cursors.decode(header, { header: 'Last-Event-ID' });
  const { after } = request.query;
  if (typeof after === 'object') throw new MalformedRequestError('after may be given once', { code: 'HUB_INVALID_PARAMETER' });
  return after ? context.cursors.decode(after, { parameter: 'after' }) : undefined;
};

async function* messages(context: QueryContext, signal: AbortSignal, source: StreamSource): AsyncGenerator<string> {
  const queue = new MessageQueue<RecordedEvent>(context.streamQueue);
  // What lies behind this position is told, what lies before it is read.
  const listening = await context.feed.listen({ wants: source.wants, onEvent: (event) => queue.push(event) });
  const onAbort = () => queue.end();
  signal.addEventListener('abort', onAbort);
  try {
    if (signal.aborted) return;
    yield `retry: ${RETRY_MS}\n\n`;
    for await (const event of source.missed(listening.position)) {
      if (signal.aborted) return;
      yield* encode(context, source, [event]);
    }
    for (let events = queue.take(); events; events = queue.take()) {
      if (events.length > 0) yield* encode(context, source, events);
      else if (!(await isReadyInTime(context, queue))) yield ': still here\n\n';
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    listening.stop();
    queue.end();
  }
}

async function* encode(context: QueryContext, source: StreamSource, events: readonly RecordedEvent[]): AsyncGenerator<string> {
  for (const event of events) {
    const message = await source.message(event);
    if (!message) continue;
    const id = context.cursors.encode(event.position);
    yield `id: ${id}\nevent: ${message.name}\ndata: ${JSON.stringify(message.data)}\n\n`;
  }
}

const isReadyInTime = async ({ clock, heartbeatMs }: QueryContext, queue: MessageQueue<unknown>): Promise<boolean> => {
  const alarm = new AbortController();
  const ready = queue.ready().then(() => true);
  const inTime = await Promise.race([ready, clock.sleep(heartbeatMs, alarm.signal).then(() => false)]);
  alarm.abort();
  return inTime;
};
