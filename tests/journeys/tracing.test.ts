import assert from 'node:assert/strict';
import { attributesOf, openOtlpReceiver, type OtlpReceiver, type OtlpSpan } from '@sagahub/adapters/telemetry/testing/otlp-receiver.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { openScriptedErp, type ScriptedErp } from '../support/scripted-erp.ts';
import { type JourneyHub, orderIn, place, startHub } from './journey.ts';

const CORRELATION_ID = 'flow-42';

describe('journey: one order, one trace', () => {
  let receiver: OtlpReceiver;
  /** Fails once, then takes every order. */
  let erp: ScriptedErp;
  let hub: JourneyHub;
  let orderId: string;
  /** Of the order's trace. */
  let spans: readonly OtlpSpan[];

  before(async function () {
    receiver = await openOtlpReceiver();
    erp = await openScriptedErp((_call, number) => (number === 1 ? [500, {}] : [201, { erpRef: `ERP-${number}` }]));
    hub = await startHub(this, {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        ERP_URL: erp.url,
        HUB_ERP_RETRY_DELAYS: '50ms',
        HUB_ERP_TIMEOUT: '10s', // each call counts
        HUB_LOG_LEVEL: 'debug',
      },
    });
    const demo = hub.client('demo');
    const { status, body } = await demo.post('/api/v1/orders', anOrder('TRACED-1'), { 'x-correlation-id': CORRELATION_ID });
    assert.equal(status, 202);
    ({ orderId } = body);
    await orderIn(demo, orderId, 'completed');
    await hub.stop(); // sends what spans are left
    const traceId = receiver.spans().find(({ name }) => name === 'POST /api/v1/orders')?.traceId;
    // In the order of time: several processes send theirs when they like.
    const inTime = receiver.spans().toSorted((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1));
    spans = inTime.filter((span) => span.traceId === traceId);
    await hub.startAgain();
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await erp?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  const named = (name: string) => spans.filter((span) => span.name === name);
  const parentOf = (span: OtlpSpan | undefined) => spans.find(({ spanId }) => spanId === span?.parentSpanId);

  it('leads from the request through intake and saga to every attempt at the ERP', () => {
    const [request, ...others] = spans.filter((span) => span.parentSpanId === undefined);
    assert.equal(request?.name, 'POST /api/v1/orders');
    assert.deepEqual(others, [], 'a trace has one root');
    for (const span of spans) if (span !== request) assert.ok(parentOf(span), `the parent of ${span.name} is missing`);

    const [intake] = named('hub.intake');
    // Behind a gateway of its own, the service's part of the request lies in between.
    assert.equal(parentOf(intake)?.name, request.name);
    assert.equal(named('hub.saga.advance').length, 1);
    const attempts = named('hub.connector.call');
    assert.deepEqual(
      attempts.map((span) => [attributesOf(span)['hub.attempt'], attributesOf(span)['hub.outcome']]),
      [
        [1, 'failed'],
        [2, 'succeeded'],
      ],
    );
    assert.deepEqual(
      named('POST').map((span) => [parentOf(span), attributesOf(span)['http.response.status_code']]),
      [
        [attempts[0], 500],
        [attempts[1], 201],
      ],
    );
    const appends = named('hub.event_store.append');
    assert.deepEqual(
      appends.map((span) => parentOf(span)?.name),
      ['hub.intake', 'hub.saga.advance', 'hub.connector.call', 'hub.connector.call'],
    );
    for (const span of [intake, ...attempts, ...appends]) assert.equal(attributesOf(span!)['hub.stream'], `order-${orderId}`);
  });

  it('goes on at the ERP: each call names its own span and the flow it belongs to', () => {
    assert.deepEqual(
      erp.calls.map(({ headers }) => headers['traceparent']),
      named('POST').map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
    );
    for (const { headers } of erp.calls) {
      assert.equal(headers['x-correlation-id'], CORRELATION_ID);
      assert.equal(headers['idempotency-key'], orderId);
    }
  });

  it('is named, with the correlation id, by every event of the order', async () => {
    const { text } = await hub.client('auditor').get(`/api/v1/events?stream=order-${orderId}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(events.at(-1).type, 'OrderCompleted');
    for (const { type, metadata } of events) {
      assert.equal(metadata.correlationId, CORRELATION_ID, type);
      const span = spans.find(({ spanId }) => metadata.traceparent.includes(spanId));
      assert.ok(span, `${type} was appended outside of the trace`);
    }
  });

  it('is named, with order and correlation id, by every log line about the order', () => {
    const lines = logLines(hub.output)
      .filter((line) => JSON.stringify(line).includes(orderId))
      .toSorted((a, b) => (String(a['time']) < String(b['time']) ? -1 : 1));
    assert.deepEqual(
      lines.map(({ message }) => message),
      ['received', 'recorded', 'attempt failed', 'recorded', 'recorded'],
    );
    for (const line of lines) {
      assert.equal(line['stream'], `order-${orderId}`);
      assert.equal(line['correlationId'], CORRELATION_ID, String(line['message']));
      assert.equal(line['trace_id'], spans[0]?.traceId, String(line['message']));
    }
  });

  it("continues a partner's own trace", async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const demo = hub.client('demo');
    const { body } = await demo.post('/api/v1/orders', anOrder('TRACED-2'), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    await orderIn(demo, body.orderId, 'completed');
    assert.match(String(erp.calls.at(-1)?.headers['traceparent']), new RegExp(`^00-${traceId}-`));
    // Behind a gateway the service's part of the request may arrive first.
    await until(
      'the spans arriving, the request under the span of the partner',
      async () => receiver.spans().filter((span) => span.traceId === traceId),
      (found) =>
        found.some(({ name, parentSpanId }) => name === 'POST /api/v1/orders' && parentSpanId === '00f067aa0ba902b7') &&
        found.some(({ name }) => name === 'hub.connector.call'),
    );
  });

  it('costs nobody an order when the receiver is away', async () => {
    const demo = hub.client('demo');
    await receiver[Symbol.asyncDispose]();
    await orderIn(demo, await place(demo, anOrder('TRACED-3')), 'completed');
  });
});

const logLines = (output: string): readonly Readonly<Record<string, unknown>>[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{"time"'))
    .map((line) => JSON.parse(line));
