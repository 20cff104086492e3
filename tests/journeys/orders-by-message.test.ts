import assert from 'node:assert/strict';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { availability, type RabbitMqServer, startRabbitMq } from '../servers/rabbitmq.ts';
import { addHubUser, AmqpPartner } from '../support/amqp-partner.ts';
import { runExample } from '../support/examples.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { type JourneyHub, orderIn, startHub } from './journey.ts';

describe('journey: orders by message', () => {
  let broker: RabbitMqServer;
  let hub: JourneyHub;
  let partner: AmqpPartner;
  before(async function () {
    const missing = availability();
    if (missing) skip(this, missing);
    this.timeout(240_000);
    broker = await startRabbitMq();
    hub = await startHub(this, { env: { HUB_INBOX_URL: await addHubUser(broker), HUB_GRPC_PORT: '0' } });
    await until(
      'the inbox being there',
      () => broker.waiting('orders.inbound'),
      (waiting) => waiting === 0,
    );
    partner = await AmqpPartner.connect(broker, 'demo');
  });
  after(async () => {
    await partner?.[Symbol.asyncDispose]();
    await hub?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  const openLetters = async (): Promise<any[]> =>
    (await hub.client('operator').get('/api/v1/admin/dead-letters?origin=inbound&limit=100')).body.items;
  const letterOf = async (messageId: string, state = 'open'): Promise<any> =>
    until(
      `the letter of ${messageId} being ${state}`,
      async () => {
        const { body } = await hub.client('operator').get('/api/v1/admin/dead-letters?origin=inbound&state=any&limit=100');
        return body.items.find(({ payload }: any) => payload.messageId === messageId);
      },
      (letter) => letter?.state === state,
    );

  it('takes an order, answers where the sender wants it, and knows it again', async () => {
    const demo = hub.client('demo');
    const first = await partner.request(anOrder('AM-1'), { messageId: 'am-1', correlationId: 'flow-9' });
    assert.deepEqual([first.status, first.replayed, first.contentType], [202, false, 'application/json']);
    const overHttp = await demo.post('/api/v1/orders', anOrder('AM-1'));
    assert.equal(overHttp.headers.get('idempotent-replayed'), 'true');
    assert.deepEqual(first.body, overHttp.body);
    const again = await partner.request(anOrder('AM-1'), { messageId: 'am-1' });
    assert.deepEqual([again.status, again.replayed], [202, true]);
    await orderIn(demo, first.body.orderId, 'completed');
    const [received] = (await hub.client('auditor').get(`/api/v1/events?stream=order-${first.body.orderId}`)).text.split('\n');
    const { data, metadata } = JSON.parse(received!);
    assert.deepEqual([data.channel, data.clientId, metadata.correlationId], ['amqp', 'demo', 'flow-9']);
  });

  it('answers the same to the same order over every transport', async () => {
    const demo = hub.client('demo');
    using grpc = new GrpcClient(hub.grpcAddress);
    const metadata = { authorization: `Bearer ${await demo.token()}` };
    const inText = (order: ReturnType<typeof anOrder>) => ({
      ...order,
      lines: order.lines.map((line) => ({ ...line, quantity: String(line.quantity) })),
    });
    await demo.post('/api/v1/orders', anOrder('SAME-0'));
    const { currency: _currency, ...noCurrency } = inText(anOrder('SAME-2'));
    const table: Readonly<Record<string, object>> = {
      'a new order': inText(anOrder('SAME-1')),
      'a known order': inText(anOrder('SAME-0')),
      'another order under a known number': inText(anOrder('SAME-0', { currency: 'USD' })),
      'no currency': noCurrency,
      'an unknown currency': inText(anOrder('SAME-2', { currency: 'XXQ' })),
      'an empty buyer': { ...inText(anOrder('SAME-2')), buyer: {} },
      'a bad amount': { ...inText(anOrder('SAME-2')), lines: [{ sku: 'A', quantity: '0', unitPrice: '1,5' }] },
      'a control character': inText(anOrder('SAME-2\u0000')),
      nothing: {},
    };
    for (const [what, order] of Object.entries(table)) {
      const http = await demo.post('/api/v1/orders', order);
      const amqp = await partner.request(order);
      const rpc = await grpc.submitOrder(order, { metadata });
      const faults = ({ errors = [] }: any) => errors.map(({ pointer, code }: any) => `${pointer} ${code}`).toSorted();
      assert.equal(amqp.status, http.status, what);
      assert.equal(amqp.body.code, http.body.code, what);
      assert.equal(amqp.body.orderId, http.body.orderId, what);
      assert.deepEqual(faults(amqp.body), faults(http.body), what);
      assert.equal(rpc.problem?.code, http.body.code, what);
      assert.equal((rpc.message ?? rpc.problem).orderId, http.body.orderId, what);
      assert.deepEqual(faults(rpc.problem ?? {}), faults(http.body), what);
    }
  });

  it('parks what is refused with its problem, tells the sender, and keeps the content sealed', async () => {
    const { currency: _currency, ...order } = anOrder('AM-2', { note: 'a note that nobody may read' });
    const refused = await partner.request(order, { messageId: 'am-2' });
    assert.deepEqual([refused.status, refused.contentType, refused.body.code], [422, 'application/problem+json', 'HUB_VALIDATION']);
    const letter = await letterOf('am-2');
    assert.equal(letter.partnerId, 'demo');
    assert.match(letter.reason, /^HUB_VALIDATION/);
    assert.equal(letter.payload.errors[0].pointer, '#/currency');
    assert.doesNotMatch(JSON.stringify(letter), /nobody may read/);
    const { text } = await hub.client('auditor').get(`/api/v1/events?stream=inbound-${letter.objectId}`);
    assert.match(text, /InboundParked/);
    for (const { bytes } of await hub.stored()) assert.ok(!bytes.includes('a note that nobody may read'));
  });

  it('parks bytes that are no order at all, and a message that names no sender, without an answer to nobody', async () => {
    const before = (await openLetters()).length;
    const broken = await partner.request(Buffer.from([0xff, 0x00, 0x01]), { messageId: 'am-3' });
    assert.deepEqual([broken.status, broken.body.code], [400, 'HUB_MALFORMED_REQUEST']);
    const xml = await partner.request('<order/>', { messageId: 'am-4', contentType: 'application/xml' });
    assert.deepEqual([xml.status, xml.body.code], [415, 'HUB_UNSUPPORTED_MEDIA_TYPE']);
    const large = await partner.request(JSON.stringify({ note: 'x'.repeat(2_000_000) }), { messageId: 'am-5' });
    assert.deepEqual([large.status, large.body.code], [413, 'HUB_PAYLOAD_TOO_LARGE']);
    await partner.send(anOrder('AM-6'), { messageId: 'am-6', userId: undefined as unknown as string });
    assert.match((await letterOf('am-6')).reason, /^HUB_TOKEN_MISSING/);
    await partner.send(anOrder('AM-7'), { messageId: 'am-7', replyTo: 'sagahub.orchestration.order' });
    assert.equal((await letterOf('am-7')).payload.errors[0].code, 'not-your-address');
    assert.equal((await openLetters()).length, before + 5);
  });

  it('hands a parked message in again when an operator says so, as if it had come just then', async () => {
    const operator = hub.client('operator');
    const { deadLetterId: discarded } = await letterOf('am-3');
    assert.equal((await operator.post(`/api/v1/admin/dead-letters/${discarded}/discard`, { reason: 'noise' })).status, 202);
    assert.equal((await letterOf('am-3', 'discarded')).resolution, 'noise');

    // A partner that is suspended may not order; once it is reinstated, its message may be handed in again.
    await operator.post('/api/v1/admin/partners', { partnerId: 'acme', name: 'Acme' });
    await operator.post('/api/v1/admin/partners/acme/clients', { clientId: 'acme-1', scopes: ['orders:write', 'orders:read'] });
    await using acme = await AmqpPartner.connect(broker, 'acme-1');
    await operator.post('/api/v1/admin/partners/acme/suspend', { reason: 'unpaid' });
    const refused = await until(
      'the suspension being known',
      () => acme.request(anOrder('AM-8'), { messageId: 'am-8' }),
      ({ status }) => status === 401,
    );
    assert.equal(refused.body.code, 'HUB_TOKEN_INVALID');
    const { deadLetterId } = await letterOf('am-8');
    await operator.post(`/api/v1/admin/dead-letters/${deadLetterId}/redrive`, { reason: 'try again' });
    await until(
      'it is refused again',
      () => letterOf('am-8'),
      ({ attempts }) => attempts === 2,
    );
    await operator.post('/api/v1/admin/partners/acme/reinstate', { reason: 'paid' });
    await operator.post(`/api/v1/admin/dead-letters/${deadLetterId}/redrive`, { reason: 'they paid' });
    const { resolution } = await letterOf('am-8', 'resolved');
    const orderId = /order ([\da-f-]{36})/.exec(resolution)?.[1] ?? '';
    assert.equal((await hub.client('auditor').get(`/api/v1/orders/${orderId}`)).body.orderNumber, 'AM-8');
  });

  it('redrives many parked messages as one job, which tells of each what became of it', async () => {
    const operator = hub.client('operator');
    await operator.post('/api/v1/admin/partners', { partnerId: 'initech', name: 'Initech' });
    await operator.post('/api/v1/admin/partners/initech/clients', { clientId: 'initech-1', scopes: ['orders:write'] });
    await using initech = await AmqpPartner.connect(broker, 'initech-1');
    await operator.post('/api/v1/admin/partners/initech/suspend', { reason: 'unpaid' });
    await until(
      'the suspension being known',
      () => initech.request(anOrder('JOB-PROBE'), { messageId: 'job-probe' }), // until then it is accepted, and is no item of the job
      ({ status }) => status === 401,
    );
    for (const number of [0, 1, 2]) await initech.request(anOrder(`JOB-${number}`), { messageId: `job-${number}` });
    await initech.request({ orderNumber: 'JOB-3' }, { messageId: 'job-3' });
    await letterOf('job-3');
    await operator.post('/api/v1/admin/partners/initech/reinstate', { reason: 'paid' });
    const deadLetterIds = await Promise.all([0, 1, 2, 3].map(async (number) => (await letterOf(`job-${number}`)).deadLetterId));
    const { body: job } = await operator.post('/api/v1/admin/redrives', {
      reason: 'they paid',
      deadLetterIds,
    });
    assert.ok(job.redriveId, JSON.stringify(job));
    const finished = await until(
      'the job being finished',
      () => operator.get(`/api/v1/admin/redrives/${job.redriveId}`),
      ({ body }) => body.status === 'finished',
    );
    assert.deepEqual([finished.body.counts['applied'], finished.body.counts['failed-again']], [3, 1], finished.text);
  });

  it('forgets what a parked message held when its buyer is erased', async () => {
    const operator = hub.client('operator');
    const { currency: _currency, ...order } = anOrder('AM-9', { buyer: { id: 'C-ERASED', name: 'Eve Erased' } });
    await partner.request(order, { messageId: 'am-9' });
    const { deadLetterId } = await letterOf('am-9');
    await operator.post('/api/v1/admin/erasures', { partnerId: 'demo', buyerId: 'C-ERASED', reason: 'asked for it' });
    await operator.post(`/api/v1/admin/dead-letters/${deadLetterId}/redrive`, { reason: 'in vain' });
    const letter = await until(
      'it is refused again',
      () => letterOf('am-9'),
      ({ attempts }) => attempts === 2,
    );
    assert.match(letter.reason, /^HUB_INBOUND_ERASED/);
  });

  it('is used as the example of the documentation shows', async () => {
    const run = await runExample('amqp-order.mjs', ['EX-AMQP'], { AMQP_URL: broker.urlOf('demo') });
    assert.equal(run.stderr, '');
    assert.match(run.stdout, /^202 \{"orderId":"[\da-f-]{36}","orderNumber":"EX-AMQP"/);
  });

  it('loses nothing and makes nothing twice when the hub is killed while messages flow', async () => {
    const count = 120;
    const sent = Array.from({ length: count }, (_, i) => i);
    const send = (i: number) =>
      i % 10 === 9
        ? partner.send({ orderNumber: `KILL-${i}` }, { messageId: `kill-${i}` })
        : partner.send(anOrder(`KILL-${i}`), { messageId: `kill-${i}` });
    for (const i of sent.slice(0, count / 2)) await send(i);
    await hub.kill();
    for (const i of sent.slice(count / 2)) await send(i);
    await hub.startAgain();
    await until(
      'the inbox being empty',
      () => broker.waiting('orders.inbound'),
      (waiting) => waiting === 0,
    );
    const auditor = hub.client('auditor');
    const numbers = await until(
      'every order being there',
      async () => {
        const { text } = await auditor.get('/api/v1/events?type=OrderReceived');
        const lines = text.split('\n').filter((line: string) => line.includes('"KILL-'));
        return lines.map((line: string) => JSON.parse(line).data.orderNumber as string);
      },
      (found) => found.length >= (count * 9) / 10,
    );
    assert.equal(numbers.length, (count * 9) / 10);
    assert.equal(new Set(numbers).size, numbers.length);
    const letters = await until(
      'every refusal being parked',
      openLetters,
      (found) => found.filter(({ payload }) => String(payload.messageId).startsWith('kill-')).length >= count / 10,
    );
    assert.equal(letters.filter(({ payload }) => String(payload.messageId).startsWith('kill-')).length, count / 10);
  }).timeout(180_000);
});
