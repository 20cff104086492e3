import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { METRICS, prometheusSeries } from '@sagahub/contracts/telemetry-names.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';
import { journeyHub, orderIn, place } from './journey.ts';

/** Emitted only when a handler throws, which no order can make it do, where events are broadcast to consumers, or when more comes than can be taken in. */
const NEVER_HERE: readonly string[] = [
  METRICS.sagaStepFaults,
  METRICS.intakeShed,
  METRICS.consumerWaiting,
  METRICS.consumerOldestAge,
  METRICS.consumerBehind,
].map(({ name }) => name);

describe('journey: the numbers tell what happened', () => {
  const journey = journeyHub({
    env: {
      HUB_ERP_RETRY_DELAYS: '50ms',
      HUB_GRPC_PORT: '0',
      HUB_ALERT_URL: 'http://127.0.0.1:9/nobody-listens',
      HUB_ALERT_SECRET: 'a secret of a test',
    },
  });
  afterEach(() => journey.hub.erp.behave(WELL_BEHAVED));

  /** Value by series, e.g. `hub_open_work{queue="operator"}`. */
  const scrape = async (): Promise<ReadonlyMap<string, number>> => {
    const response = await fetch(`${journey.hub.managementUrl}/metrics`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  };
  it('shows every metric of the dashboard, and nothing wrong, after orders that went well, were repeated, refused and retried', async () => {
    const { hub } = journey;
    const demo = hub.client('demo');
    await using receiver = await WebhookReceiver.start();
    await demo.post('/api/v1/webhooks', { url: receiver.url('/'), types: ['order.completed'] });
    await orderIn(demo, await place(demo, anOrder('M-1')), 'completed');
    await place(demo, anOrder('M-1'));
    await demo.post('/api/v1/orders', {});
    using grpc = new GrpcClient(hub.grpcAddress);
    await grpc.submitOrder({}, { metadata: { authorization: `Bearer ${await demo.token()}` } });
    await hub.erp.behave({ failureRate: 1 });
    const stuck = await place(demo, anOrder('M-2'));
    await orderIn(demo, stuck, 'stuck');
    await hub.erp.behave(WELL_BEHAVED);
    await until(
      'the dead letter being listed',
      () => hub.client('operator').get('/api/v1/admin/dead-letters'),
      ({ body }) => body.items.length === 1,
    );
    const rehearsal = { filter: {}, dryRun: true, reason: 'a test' };
    const { body: redrive } = await hub.client('operator').post('/api/v1/admin/redrives', rehearsal);
    await until(
      'the rehearsal being over',
      () => hub.client('operator').get(`/api/v1/admin/redrives/${redrive.redriveId}`),
      ({ body }) => body.status === 'finished',
    );

    const expected: Readonly<Record<string, number>> = {
      'hub_orders_received_total{channel="http"}': 2,
      'hub_orders_replayed_total{channel="http"}': 1,
      'hub_orders_refused_total{channel="http",code="HUB_VALIDATION"}': 1,
      'hub_orders_refused_total{channel="grpc",code="HUB_VALIDATION"}': 1,
      'rpc_server_call_duration_seconds_count{rpc_method="sagahub.v1.OrderIntake/SubmitOrder",rpc_status_code="INVALID_ARGUMENT"}': 1,
      hub_orders_stuck: 1,
      hub_orders_overdue: 0,
      'hub_saga_started_total{saga="order"}': 2,
      'hub_saga_completed_total{saga="order",outcome="Completed"}': 1,
      'hub_saga_duration_seconds_count{saga="order",outcome="Completed"}': 1,
      'hub_saga_states{saga="order",state="Completed"}': 1,
      'hub_saga_step_duration_seconds_count{saga="order",step="erp-submit"}': 2,
      'hub_saga_step_retries_total{saga="order",step="erp-submit"}': 1,
      'hub_connector_calls_total{connector="erp",operation="submit",outcome="done"}': 1,
      'hub_connector_calls_total{connector="erp",operation="submit",outcome="transient"}': 2,
      'hub_connector_retries_total{connector="erp",operation="submit"}': 1,
      'hub_open_work{queue="operator"}': 1,
      'hub_open_work{queue="outbound.erp"}': 0,
      'hub_dead_letters{origin="erp"}': 1,
      'hub_webhook_attempts_total{outcome="delivered"}': 1,
      'hub_webhook_subscriptions{state="enabled"}': 1,
      'hub_breaker_state{connector="erp"}': 0,
      'hub_projection_parked{projection="orders"}': 0,
      'hub_projection_lag{projection="orders"}': 0,
      'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/api/v1/orders",http_response_status_code="202"}': 3,
    };
    const valuesOf = (metrics: ReadonlyMap<string, number>) =>
      Object.fromEntries(Object.keys(expected).map((series) => [series, metrics.get(series)]));
    // Gauges over the read model and open work are a moment behind.
    const metrics = await until('the numbers being right', scrape, (found) => isDeepStrictEqual(valuesOf(found), expected)).catch(scrape);
    assert.deepEqual(valuesOf(metrics), expected);
    const families = new Set([...metrics.keys()].map((series) => series.replace(/\{.*/, '')));
    const neverHere = hub.dataFolder === undefined ? [...NEVER_HERE, METRICS.diskFree.name] : NEVER_HERE;
    const missing = Object.values(METRICS).filter(
      (metric) => !neverHere.includes(metric.name) && !prometheusSeries(metric).every((series) => families.has(series)),
    );
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    );
  });

  it('names routes by their pattern, never by an id or by what somebody typed', async () => {
    const { hub } = journey;
    const id = '00000000-0000-5000-8000-000000000000';
    await hub.client('demo').get(`/api/v1/orders/${id}`);
    await fetch(`${hub.url}/no/such/path`);
    const series = [...(await scrape()).keys()].join('\n');
    assert.ok(series.includes('http_route="/api/v1/orders/:orderId"'));
    assert.ok(!series.includes(id));
    assert.ok(!series.includes('no/such/path'));
  });

  it('shows an open breaker as 2, and as 0 once it is closed', async () => {
    const operator = journey.hub.client('operator');
    await operator.post('/api/v1/admin/breakers/erp/open', { reason: 'a test' });
    assert.equal((await scrape()).get('hub_breaker_state{connector="erp"}'), 2);
    await operator.post('/api/v1/admin/breakers/erp/close', { reason: 'a test' });
    assert.equal((await scrape()).get('hub_breaker_state{connector="erp"}'), 0);
  });
});
