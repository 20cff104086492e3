import { RequestKeyTakenError, RevisionConflictError, StorageFullError } from '@sagahub/contracts/errors.ts';
import { categoryOf } from '@sagahub/contracts/events.ts';
import type { Append, AppendResult, EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Span, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS, SPANS } from '@sagahub/contracts/telemetry-names.ts';
import { storeTimer } from './timed-ports.ts';

/** Measures appends and reads of any event store. An append's span is a child of the work its events belong to. */
export const tracedEventStore = (inner: EventStore, telemetry: Telemetry): EventStore => {
  const durations = telemetry.histogram(METRICS.eventStoreAppendDuration.name);
  const written = telemetry.counter(METRICS.eventStoreEvents.name);
  const time = storeTimer('events', telemetry);

  const settle = (append: Append, span: Span, startedMs: number, result: PromiseSettledResult<AppendResult>): void => {
    const outcome = result.status === 'fulfilled' ? 'ok' : outcomeOf(result.reason);
    durations.record((performance.now() - startedMs) / 1_000, { outcome });
    span.setAttribute('hub.stream', append.stream);
    span.setAttribute('hub.events', append.events.length);
    if (result.status === 'fulfilled') {
      written.add(append.events.length, { category: categoryOf(append.stream) });
      span.setAttribute('hub.revision', result.value.revision);
    } else if (outcome === 'conflict')
      span.setAttribute('hub.outcome', outcome); // expected: the caller decides again
    else span.fail(result.reason);
    span.end();
  };
  const start = (append: Append): Span =>
    telemetry.startSpan(SPANS.eventStoreAppend.name, { kind: SPANS.eventStoreAppend.kind, parent: append.events[0]?.metadata.traceparent });

  return {
    get logId() {
      return inner.logId;
    },
    get namespace() {
      return inner.namespace;
    },
    get densePositions() {
      return inner.densePositions;
    },
    async append(append) {
      const span = start(append);
      const startedMs = performance.now();
      try {
        const value = await inner.append(append);
        settle(append, span, startedMs, { status: 'fulfilled', value });
        return value;
      } catch (reason) {
        settle(append, span, startedMs, { status: 'rejected', reason });
        throw reason;
      }
    },
    async appendMany(appends) {
      const spans = appends.map(start);
      const startedMs = performance.now();
      const results = await inner.appendMany(appends);
      results.forEach((result, index) => settle(appends[index] as Append, spans[index] as Span, startedMs, result));
      return results;
    },
    readStream: time('read-stream', (stream: string, range?: { readonly from?: number; readonly to?: number }) =>
      inner.readStream(stream, range),
    ),
    findRequest: time('find-request', (requestKey: string) => inner.findRequest(requestKey)),
    readAll: time('read-all', (options: Parameters<EventStore['readAll']>[0]) => inner.readAll(options)),
    readRaw: (options) => inner.readRaw(options),
    lastPosition: () => inner.lastPosition(),
    newest: () => inner.newest(),
    positionAt: (at) => inner.positionAt(at),
    subscribe: (options) => inner.subscribe(options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
};

const outcomeOf = (reason: unknown): 'conflict' | 'full' | 'error' => {
  if (reason instanceof RevisionConflictError || reason instanceof RequestKeyTakenError) return 'conflict';
  return reason instanceof StorageFullError ? 'full' : 'error';
};
