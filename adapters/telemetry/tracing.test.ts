import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import { openTelemetry, type OpenedTelemetry } from './open-telemetry.ts';
import type { Env } from './resource.ts';
import { openOtlpReceiver } from './testing/otlp-receiver.ts';

const open = (env: Env): Promise<OpenedTelemetry> =>
  openTelemetry({ serviceName: 'hub', version: '1', level: 'error', env, logTo: new PassThrough() });
/** Opens telemetry towards a receiver, lets `use` make spans, closes it, and returns what arrived. */
const exported = async (use: (telemetry: OpenedTelemetry) => void, env: Env = {}) => {
  await using receiver = await openOtlpReceiver();
  {
    await using telemetry = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env });
    use(telemetry);
  }
  return { spans: receiver.spans(), resource: receiver.spans().length > 0 ? receiver.resource() : {} };
};

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('Tracing', () => {
  it('makes one trace of two spans that meet only through a traceparent string', async () => {
    const { spans, resource } = await exported(
      (telemetry) => {
        const intake = telemetry.startSpan('hub.intake', { attributes: { 'hub.flow': 'order' } });
        const call = telemetry.startSpan('hub.connector.call', { kind: 'client', parent: intake.traceparent });
        call.setAttribute('hub.attempt', 2);
        call.end();
        intake.end();
      },
      { OTEL_SERVICE_NAME: 'hub-7' },
    );
    const [call, intake] = spans;
    assert.equal(spans.length, 2);
    assert.equal(call?.name, 'hub.connector.call');
    assert.equal(call?.kind, 3);
    assert.equal(call?.traceId, intake?.traceId);
    assert.equal(call?.parentSpanId, intake?.spanId);
    assert.equal(intake?.parentSpanId, undefined);
    assert.deepEqual(call?.attributes, [{ key: 'hub.attempt', value: { intValue: 2 } }]);
    assert.equal(resource['service.name'], 'hub-7');
  });

  it("continues a partner's trace, and begins a new one where the header is invalid", async () => {
    const { spans } = await exported((telemetry) => {
      telemetry.startSpan('a', { parent: PARENT }).end();
      telemetry.startSpan('b', { parent: PARENT.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)) }).end();
    });
    assert.deepEqual([spans[0]?.traceId, spans[0]?.parentSpanId], ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']);
    assert.notEqual(spans[1]?.traceId, '0'.repeat(32));
    assert.equal(spans[1]?.parentSpanId, undefined);
  });

  it('marks a failed span with the error code, and without secrets', async () => {
    const { spans } = await exported((telemetry) => {
      const span = telemetry.startSpan('hub.saga.advance');
      span.fail(new NotFoundError('Bearer hunter2-token'));
      span.end();
    });
    assert.deepEqual(spans[0]?.status, { code: 2, message: 'Bearer [redacted] was not found' });
    assert.deepEqual(spans[0]?.attributes, [{ key: 'error.type', value: { stringValue: 'HUB_NOT_FOUND' } }]);
  });

  it('obeys OTEL_TRACES_SAMPLER, and still passes the trace on when it records nothing', async () => {
    let passedOn: string | undefined;
    const use = (telemetry: OpenedTelemetry): void => {
      const span = telemetry.startSpan('a', { parent: PARENT });
      passedOn = span.traceparent;
      span.end();
    };
    assert.equal((await exported(use, { OTEL_TRACES_SAMPLER: 'always_off' })).spans.length, 0);
    assert.match(passedOn ?? '', /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
    assert.equal((await exported(use, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' })).spans.length, 1);
    assert.equal((await exported(use, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' })).spans.length, 0);
    await assert.rejects(
      open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_TRACES_SAMPLER: 'sometimes' }),
      /OTEL_TRACES_SAMPLER/,
    );
  });

  it('sends to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is', async () => {
    await using receiver = await openOtlpReceiver();
    {
      await using telemetry = await open({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.endpoint}/v1/traces`,
      });
      telemetry.startSpan('a').end();
    }
    assert.equal(receiver.spans().length, 1);
  });

  it('is off without an endpoint: a span passes its parent on unchanged, and has none to give without one', async () => {
    await using telemetry = await open({});
    const span = telemetry.startSpan('a', { parent: PARENT });
    span.setAttribute('x', 1);
    span.fail(new Error('no'));
    span.end();
    assert.equal(span.traceparent, PARENT);
    assert.equal(telemetry.startSpan('a').traceparent, undefined);
  });
});
