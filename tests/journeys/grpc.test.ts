import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { runExample } from '../support/examples.ts';
import { journeyHub, orderIn } from './journey.ts';

/** In protobuf every number of an order is text. */
const anOrderMessage = (orderNumber: string, changes: Readonly<Record<string, unknown>> = {}) => {
  const order = anOrder(orderNumber, changes);
  return { ...order, lines: order.lines.map((line) => ({ ...line, quantity: String(line.quantity) })) };
};

describe('journey: orders over gRPC', () => {
  const journey = journeyHub({ env: { HUB_GRPC_PORT: '0' } });
  let client: GrpcClient;
  let bearer: { readonly authorization: string };
  before(async () => {
    client = new GrpcClient(journey.hub.grpcAddress);
    bearer = { authorization: `Bearer ${await journey.hub.client('demo').token()}` };
  });
  after(() => client?.[Symbol.dispose]());

  it('takes an order, shows where it stands, and knows it again over either transport', async () => {
    const demo = journey.hub.client('demo');
    const metadata = { ...bearer, 'x-correlation-id': 'flow-7', 'idempotency-key': 'grpc-1' };
    const first = await client.submitOrder(anOrderMessage('G-1'), { metadata });
    assert.equal(first.code, 'OK', first.details);
    const { orderId, orderNumber, status, replayed, links } = first.message;
    assert.deepEqual([orderNumber, status, replayed], ['G-1', 'received', false]);
    assert.equal(links.self, `/api/v1/orders/${orderId}`);
    assert.equal(first.metadata['x-correlation-id'], 'flow-7');

    const overHttp = await demo.post('/api/v1/orders', anOrder('G-1'));
    assert.equal(overHttp.headers.get('idempotent-replayed'), 'true');
    assert.equal(overHttp.body.orderId, orderId);
    const again = await client.submitOrder(anOrderMessage('G-1'), { metadata });
    assert.deepEqual([again.message.orderId, again.message.replayed], [orderId, true]);
    assert.equal(again.metadata['idempotent-replayed'], 'true');

    const { total } = await orderIn(demo, orderId, 'completed');
    const shown = await client.getOrder(orderId, { metadata: bearer });
    assert.deepEqual([shown.message.status, shown.message.total], ['completed', total]);
    const [received] = (await journey.hub.client('auditor').get(`/api/v1/events?stream=order-${orderId}`)).text.split('\n');
    const event = JSON.parse(received!);
    assert.equal(event.data.channel, 'grpc');
    assert.equal(event.metadata.correlationId, 'flow-7');
  });

  it('waits for the end when asked to', async () => {
    const { code, message } = await client.submitOrder(anOrderMessage('G-2'), { metadata: { ...bearer, prefer: 'wait=10' } });
    assert.deepEqual([code, message.status], ['OK', 'completed']);
  });

  it('refuses with the status of gRPC and the problem of HTTP', async () => {
    const demo = journey.hub.client('demo');
    const { lines: _lines, ...withoutLines } = anOrderMessage('G-3', { currency: 'XXY' });
    const refused = await client.submitOrder(withoutLines, { metadata: bearer });
    const overHttp = await demo.post('/api/v1/orders', withoutLines);
    assert.equal(refused.code, 'INVALID_ARGUMENT');
    assert.deepEqual(refused.problem.errors, overHttp.body.errors);
    assert.equal(refused.problem.code, 'HUB_VALIDATION');
    assert.ok(Buffer.isBuffer(refused.metadata['grpc-status-details-bin']));

    const reused = await client.submitOrder(anOrderMessage('G-1', { currency: 'USD' }), { metadata: bearer });
    assert.deepEqual([reused.code, reused.problem.code], ['INVALID_ARGUMENT', 'HUB_ORDER_NUMBER_REUSED']);
    const nobody = await client.submitOrder(anOrderMessage('G-4'));
    assert.deepEqual([nobody.code, nobody.problem.code], ['UNAUTHENTICATED', 'HUB_TOKEN_MISSING']);
    const auditor = { authorization: `Bearer ${await journey.hub.client('auditor').token()}` };
    const other = await client.submitOrder(anOrderMessage('G-4'), { metadata: auditor });
    assert.deepEqual([other.code, other.problem.code], ['PERMISSION_DENIED', 'HUB_INSUFFICIENT_SCOPE']);
    const absent = await client.getOrder('00000000-0000-5000-8000-000000000000', { metadata: bearer });
    assert.deepEqual([absent.code, absent.problem.code], ['NOT_FOUND', 'HUB_NOT_FOUND']);
  });

  it('takes many orders in one call, each for itself, and sums up', async () => {
    const submissions = [
      ...Array.from({ length: 40 }, (_, i) => ({ order: anOrderMessage(`GS-${i}`), idempotencyKey: `grpc-stream-${i}` })),
      { order: anOrderMessage('G-1') },
      { order: anOrderMessage('GS-40', { currency: '' }) },
      {},
    ];
    const { code, message, details } = await client.submitOrders(submissions, { metadata: bearer });
    assert.equal(code, 'OK', details);
    assert.deepEqual([message.accepted, message.replayed, message.refused], [41, 1, 2]);
    assert.deepEqual(
      message.results.map(({ index }: { index: number }) => index),
      submissions.map((_, index) => index),
    );
    assert.equal(message.results[40].accepted.replayed, true);
    assert.equal(message.results[41].problem.code, 'HUB_VALIDATION');
    assert.equal(message.results[41].problem.errors[0].pointer, '#/currency');
    const again = await client.submitOrders(submissions.slice(0, 40), { metadata: bearer });
    assert.deepEqual([again.message.accepted, again.message.replayed], [40, 40]);
    for (const { accepted } of message.results.slice(0, 3)) await orderIn(journey.hub.client('demo'), accepted.orderId, 'completed');
  });

  it('refuses a stream of orders before the first when the token is not good', async () => {
    const { code, problem } = await client.submitOrders([{ order: anOrderMessage('GX-1') }], {
      metadata: { authorization: 'Bearer x.y.z' },
    });
    assert.deepEqual([code, problem.code], ['UNAUTHENTICATED', 'HUB_TOKEN_INVALID']);
  });

  it('takes a stream again from its beginning that a kill of the hub cut off, and makes nothing twice', async () => {
    const submissions = Array.from({ length: 200 }, (_, i) => ({ order: anOrderMessage(`CUT-${i}`) }));
    const { call, answered } = client.openSubmitOrders({ metadata: bearer });
    for (const submission of submissions.slice(0, 100)) call.write(submission);
    await until(
      'some being accepted',
      async () => (await eventsOf('CUT-')).length,
      (accepted) => accepted > 0,
    );
    await journey.hub.kill();
    assert.equal((await answered).code, 'UNAVAILABLE');
    await journey.hub.startAgain();
    using again = new GrpcClient(journey.hub.grpcAddress);
    const { code, message, details } = await again.submitOrders(submissions, { metadata: bearer });
    assert.equal(code, 'OK', details);
    assert.deepEqual([message.accepted, message.refused], [200, 0]);
    assert.ok(message.replayed > 0);
    assert.equal(new Set(await eventsOf('CUT-')).size, 200);
    assert.equal((await eventsOf('CUT-')).length, 200);
  });

  /** Numbers of the orders that were received, by what they begin with. */
  const eventsOf = async (prefix: string): Promise<string[]> => {
    const { text } = await journey.hub.client('auditor').get('/api/v1/events?type=OrderReceived');
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => String(JSON.parse(line).data.orderNumber)).filter((number) => number.startsWith(prefix));
  };

  it('is used as the example of the documentation shows', async () => {
    const run = await runExample('grpc-order.mjs', ['EX-1', 'EX-2', 'EX-3'], {
      HUB_GRPC_ADDRESS: journey.hub.grpcAddress,
      TOKEN: await journey.hub.client('demo').token(),
    });
    assert.equal(run.stderr, '');
    assert.match(run.stdout, /^EX-1 is [\da-f-]{36}\n2 accepted, 0 refused\n$/);
    const refused = await runExample('grpc-order.mjs', ['EX-1'], { HUB_GRPC_ADDRESS: journey.hub.grpcAddress, TOKEN: 'none' });
    assert.equal(JSON.parse(refused.stderr).code, 'HUB_TOKEN_INVALID');
  });
});
