import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { Append, EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { SpanOptions } from '@sagahub/contracts/ports/telemetry.ts';
import { openTelemetry } from './open-telemetry.ts';
import { storeTimer } from './timed-ports.ts';
import { tracedEventStore } from './traced-event-store.ts';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const append = (stream: string): Append => ({
  stream,
  expectedRevision: -1,
  events: ['A', 'B'].map((type) => ({
    id: `${stream}-${type}`,
    type,
    data: {},
    metadata: { time: '2026-01-01T00:00:00.000Z', correlationId: 'c', actor: 'hub', schemaVersion: 1, traceparent: PARENT },
  })),
});
const conflict = new RevisionConflictError('order-2', -1, 4);
const inner = {
  logId: 'log-1',
  append: ({ stream }: Append) => (stream === 'order-2' ? Promise.reject(conflict) : Promise.resolve({ revision: 1 })),
  appendMany: (appends: readonly Append[]) => Promise.allSettled(appends.map((one) => inner.append(one))),
  readStream: () => Promise.resolve([]),
} as unknown as EventStore;

describe('tracedEventStore', () => {
  it('measures appends by outcome and counts written events by category, changing neither results nor errors', async () => {
    await using telemetry = await openTelemetry({ serviceName: 'hub', version: '1', level: 'error', env: {}, logTo: new PassThrough() });
    const started: (SpanOptions | undefined)[] = [];
    const store = tracedEventStore(inner, {
      ...telemetry,
      startSpan: (name, options) => {
        started.push(options);
        return telemetry.startSpan(name, options);
      },
    });
    assert.equal(store.logId, 'log-1');
    assert.deepEqual(await store.append(append('order-1')), { revision: 1 });
    await assert.rejects(store.append(append('order-2')), conflict);
    const results = await store.appendMany([append('stock-A'), append('order-2')]);
    assert.deepEqual(results, [
      { status: 'fulfilled', value: { revision: 1 } },
      { status: 'rejected', reason: conflict },
    ]);
    assert.deepEqual(await store.readStream('order-1'), []);

    const text = await telemetry.metricsText();
    for (const line of [
      'hub_event_store_append_duration_seconds_count{outcome="ok"} 2',
      'hub_event_store_append_duration_seconds_count{outcome="conflict"} 2',
      'hub_event_store_events_total{category="order"} 2',
      'hub_event_store_events_total{category="stock"} 2',
      'hub_store_call_duration_seconds_count{store="events",operation="read-stream",outcome="ok"} 1',
    ])
      assert.ok(text.includes(`${line}\n`), line);
    assert.deepEqual(
      started.map((options) => options?.parent),
      [PARENT, PARENT, PARENT, PARENT],
    );
  });
});

describe('storeTimer', () => {
  it('records a failed call as an error and lets it through', async () => {
    await using telemetry = await openTelemetry({ serviceName: 'hub', version: '1', level: 'error', env: {}, logTo: new PassThrough() });
    const call = storeTimer('documents', telemetry)('get', () => Promise.reject(new Error('away')));
    await assert.rejects(call(), /away/);
    assert.match(
      await telemetry.metricsText(),
      /hub_store_call_duration_seconds_count\{store="documents",operation="get",outcome="error"\} 1/,
    );
  });
});
