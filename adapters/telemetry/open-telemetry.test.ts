import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { openTelemetry, type OpenedTelemetry } from './open-telemetry.ts';

const open = (): Promise<OpenedTelemetry & { readonly log: PassThrough }> => {
  const log = new PassThrough();
  return openTelemetry({
    serviceName: 'hub',
    version: '1.2.3',
    level: 'info',
    env: { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=t%20est' },
    dataDir: '.',
    logTo: log,
  }).then((telemetry) => Object.assign(telemetry, { log }));
};
/** Value of one series, as a scrape shows it. */
const value = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

describe('Metrics', () => {
  it('exposes a counter under its Prometheus name, summed per set of attributes', async () => {
    await using telemetry = await open();
    const started = telemetry.counter(METRICS.sagaStarted.name);
    started.add(1, { saga: 'order' });
    telemetry.counter(METRICS.sagaStarted.name).add(2, { saga: 'order' });
    started.add(5, { saga: 'payment' });
    const text = await telemetry.metricsText();
    assert.match(text, /^# TYPE hub_saga_started_total counter$/m);
    assert.match(text, /^# HELP hub_saga_started_total Business objects whose flow began\.$/m);
    assert.equal(value(text, 'hub_saga_started_total{saga="order"}'), 3);
    assert.equal(value(text, 'hub_saga_started_total{saga="payment"}'), 5);
  });

  it('exposes a histogram in seconds with the buckets of its convention', async () => {
    await using telemetry = await open();
    const duration = telemetry.histogram(METRICS.httpServerDuration.name);
    const attributes = { 'http.request.method': 'POST', 'http.route': '/api/v1/orders', 'http.response.status_code': 202 };
    for (const seconds of [0.003, 0.2, 0.2, 30]) duration.record(seconds, attributes);
    const text = await telemetry.metricsText();
    const labels = 'http_request_method="POST",http_route="/api/v1/orders",http_response_status_code="202"';
    const name = 'http_server_request_duration_seconds';
    assert.equal(value(text, `${name}_count{${labels}}`), 4);
    assert.equal(value(text, `${name}_sum{${labels}}`), 30.403);
    const bounds = [...text.matchAll(/http_server_request_duration_seconds_bucket\{.*le="([^"]+)"\}/g)].map((match) => match[1]);
    assert.deepEqual(bounds, [...METRICS.httpServerDuration.buckets.map(String), '+Inf']);
    assert.equal(value(text, `${name}_bucket{${labels},le="0.005"}`), 1);
    assert.equal(value(text, `${name}_bucket{${labels},le="0.25"}`), 3);
    assert.equal(value(text, `${name}_bucket{${labels},le="+Inf"}`), 4);
  });

  it('asks a gauge at each scrape, and shows only what it answers then', async () => {
    await using telemetry = await open();
    let states: [number, { saga: string; state: string }][] = [[4, { saga: 'order', state: 'Validating' }]];
    telemetry.gauge(METRICS.sagaStates.name, async () => states);
    assert.equal(value(await telemetry.metricsText(), 'hub_saga_states{saga="order",state="Validating"}'), 4);
    states = [[7, { saga: 'order', state: 'Sending' }]];
    const text = await telemetry.metricsText();
    assert.equal(value(text, 'hub_saga_states{saga="order",state="Sending"}'), 7);
    assert.equal(value(text, 'hub_saga_states{saga="order",state="Validating"}'), undefined);
  });

  it('loses one gauge, not the scrape, when a source fails, and logs which', async () => {
    await using telemetry = await open();
    telemetry.gauge(METRICS.openWork.name, () => Promise.reject(new Error('store is away')));
    telemetry.gauge(METRICS.ordersStuck.name, () => [[2]]);
    const text = await telemetry.metricsText();
    assert.equal(value(text, 'hub_orders_stuck'), 2);
    assert.doesNotMatch(text, /^hub_open_work/m);
    assert.match(String(telemetry.log.read()), /"metric":"hub.open_work".*store is away/);
  });

  it('asks a source that is slow once, however many scrape meanwhile, and tells all of them', async () => {
    await using telemetry = await open();
    const slow = Promise.withResolvers<[number][]>();
    let asked = 0;
    telemetry.gauge(METRICS.ordersStuck.name, () => ((asked += 1), asked === 1 ? slow.promise : [[3]]));
    const scrapes = [telemetry.metricsText(), telemetry.metricsText()];
    slow.resolve([[2]]);
    for (const text of await Promise.all(scrapes)) assert.equal(value(text, 'hub_orders_stuck'), 2);
    assert.equal(asked, 1);
    assert.equal(value(await telemetry.metricsText(), 'hub_orders_stuck'), 3);
  });

  it('lets several owners of one gauge answer for their part', async () => {
    await using telemetry = await open();
    telemetry.gauge(METRICS.breakerState.name, () => [[0, { connector: 'erp' }]]);
    telemetry.gauge(METRICS.breakerState.name, () => [[2, { connector: 'crm' }]]);
    const text = await telemetry.metricsText();
    assert.equal(value(text, 'hub_breaker_state{connector="erp"}'), 0);
    assert.equal(value(text, 'hub_breaker_state{connector="crm"}'), 2);
  });

  it('refuses a name that is not in telemetry-names, and a kind that is not its own', async () => {
    await using telemetry = await open();
    assert.throws(() => telemetry.counter('hub.made.up'), /telemetry-names/);
    assert.throws(() => telemetry.counter(METRICS.sagaDuration.name), /has a histogram of that name/);
  });

  it('tells of the process: CPU, memory, event loop, disk, and who it is', async () => {
    await using telemetry = await open();
    const text = await telemetry.metricsText();
    for (const series of [
      'process_cpu_time_seconds_total{cpu_mode="user"}',
      'process_memory_usage_bytes',
      'v8js_memory_heap_used_bytes',
      'process_uptime_seconds',
      'hub_disk_free_bytes',
    ])
      assert.ok((value(text, series) ?? 0) > 0, series);
    for (const series of ['nodejs_eventloop_utilization_ratio', 'nodejs_eventloop_delay_seconds{quantile="0.99"}'])
      assert.ok((value(text, series) ?? -1) >= 0, series);
    assert.match(
      text,
      /^target_info\{service_name="hub",service_version="1\.2\.3",service_instance_id="[0-9a-f-]+",deployment_environment_name="t est"\} 1$/m,
    );
  });
});
