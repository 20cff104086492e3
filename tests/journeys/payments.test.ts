import assert from 'node:assert/strict';
import { openOtlpReceiver, type OtlpReceiver } from '@sagahub/adapters/telemetry/testing/otlp-receiver.ts';
import { type Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { journeyHub, place } from './journey.ts';

const PAYMENTS = '/api/v1/payments';
const aPayment = (paymentReference: string, changes: object = {}) => ({
  paymentReference,
  amount: '59.7',
  currency: 'EUR',
  method: { type: 'card', token: 'tok_visa' },
  payer: { id: 'C-1', name: 'Ada Keller' },
  ...changes,
});

/** Two numbers that stand for test cards everywhere, as people and as programs write them. */
const CARDS = ['4111 1111 1111 1111', '5555-5555-5555-4444', '378282246310005'];
const DIGITS = /4111[ -]?1111|5555[ -]?5555|378282246310005/;

describe('journey: payments come in', () => {
  const env: Record<string, string> = { HUB_LOG_LEVEL: 'debug' };
  let receiver: OtlpReceiver;
  before(async () => {
    receiver = await openOtlpReceiver();
    env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.endpoint;
  });
  const journey = journeyHub({ env });
  after(() => receiver?.[Symbol.asyncDispose]());

  const demo = (): ApiClient => journey.hub.client('demo');
  const pay = async (reference: string, changes?: object): Promise<string> => {
    const { status, body, text } = await demo().post(PAYMENTS, aPayment(reference, changes));
    assert.equal(status, 202, text);
    return body.paymentId;
  };
  const paymentIn = async (paymentId: string, status: string): Promise<any> =>
    (
      await until<Answer>(
        `payment ${paymentId} becoming ${status}`,
        () => demo().get(`${PAYMENTS}/${paymentId}`),
        ({ body }) => body.status === status,
      )
    ).body;

  it('accepted at once, authorised behind it, and shown to its partner', async () => {
    const answer = await demo().post(PAYMENTS, aPayment('SHOWN-1', { orderNumber: 'PO-1', metadata: { shop: 'north' } }));
    const { paymentId } = answer.body;
    const self = `${PAYMENTS}/${paymentId}`;
    assert.deepEqual([answer.status, answer.headers.get('location')], [202, self]);
    assert.deepEqual(answer.body, {
      paymentId,
      paymentReference: 'SHOWN-1',
      status: 'pending',
      links: { self, timeline: `${self}/timeline`, cancel: `${self}/cancel` },
    });
    const { amount, orderNumber, method, payer, links } = await paymentIn(paymentId, 'approved');
    assert.deepEqual(
      { amount, orderNumber, method, payer },
      { amount: '59.70', orderNumber: 'PO-1', method: { type: 'card', token: 'tok_visa' }, payer: { id: 'C-1', name: 'Ada Keller' } },
    );
    assert.equal(links.refund, `${self}/refund`);
    // One payment is read together with what the log holds beyond the list.
    const { body: page } = await until<Answer>(
      'the list showing it as approved',
      () => demo().get(`${PAYMENTS}?paymentReference=SHOWN-1`),
      ({ body }) => body.items[0]?.status === 'approved',
    );
    assert.deepEqual(
      page.items.map((item: { paymentId: string }) => item.paymentId),
      [paymentId],
    );
  });

  it('answered with what they came to when the partner prefers to wait', async () => {
    const wait = { prefer: 'wait=20' };
    const approved = await demo().post(PAYMENTS, aPayment('WAITED-1'), wait);
    assert.deepEqual([approved.status, approved.body.status], [200, 'approved'], approved.text);
    assert.deepEqual(Object.keys(approved.body.links), ['self', 'timeline', 'refund']);
    const method = { type: 'card', token: 'tok_decline_card-expired' };
    const declined = await demo().post(PAYMENTS, aPayment('WAITED-2', { method }), wait);
    assert.deepEqual([declined.status, declined.body.status], [200, 'declined'], declined.text);
    assert.deepEqual(Object.keys(declined.body.links), ['self', 'timeline']);
  });

  it('answered to a repeat with the same bytes, and taken once', async () => {
    const first = await demo().post(PAYMENTS, aPayment('TWICE-1'), { 'idempotency-key': 'twice' });
    await paymentIn(first.body.paymentId, 'approved');
    const again = await demo().post(PAYMENTS, aPayment('TWICE-1', { amount: '59.70' }), { 'idempotency-key': 'twice' });
    assert.deepEqual([again.status, again.text, again.headers.get('idempotent-replayed')], [202, first.text, 'true']);
    assert.equal(journey.hub.processor.simulator.ledger.of(first.body.paymentId).length, 1);
  });

  it('refused under a reference or a key that was used for something else', async () => {
    const paymentId = await pay('USED-1');
    const other = await demo().post(PAYMENTS, aPayment('USED-1', { amount: '60' }));
    assert.deepEqual([other.status, other.body.code, other.body.paymentId], [422, 'HUB_PAYMENT_REFERENCE_REUSED', paymentId]);
    const key = { 'idempotency-key': 'of-an-order' };
    assert.equal((await demo().post('/api/v1/orders', anOrder('USED-1'), key)).status, 202);
    const keyed = await demo().post(PAYMENTS, aPayment('USED-2'), key);
    assert.deepEqual([keyed.status, keyed.body.code], [422, 'HUB_IDEMPOTENCY_KEY_REUSED']);
  });

  it('refused with every fault of theirs at once', async () => {
    const { status, body } = await demo().post(PAYMENTS, { amount: '1.234', currency: 'EUR', method: { type: 'cash' }, cvv: '123' });
    assert.equal(status, 422);
    assert.deepEqual(
      new Set(body.errors.map(({ pointer, code }: Record<string, string>) => `${pointer} ${code}`)),
      new Set([
        '#/paymentReference required',
        '#/amount too-many-fraction-digits',
        '#/method/type not-a-known-value',
        '#/method/token required',
        '#/cvv unknown-field',
      ]),
    );
  });

  it('refused with a card number in them, of which nothing is answered, kept, logged, counted or traced', async () => {
    const paymentId = await pay('CLEAN-1', { method: { type: 'card', token: 'tok_never' } });
    for (const card of CARDS) {
      const holders: readonly object[] = [
        { method: { type: 'card', token: card } },
        { paymentReference: card },
        { orderNumber: card },
        { payer: { id: card } },
        { payer: { id: 'C-1', name: `Ada ${card}` } },
        { metadata: { note: `paid with ${card}, thanks` } },
        { metadata: { [card]: 'x' } },
        { amount: Number(card.replaceAll(/\D/g, '')) },
        { [card]: 'x' },
        { unknown: [{ deep: card }] },
      ];
      for (const holder of holders) {
        const { status, body, text } = await demo().post(PAYMENTS, aPayment('CARD-1', holder));
        assert.deepEqual([status, body.errors.map(({ code }: any) => code)], [422, ['looks-like-card-number']], text);
        assert.doesNotMatch(text, DIGITS);
      }
      const broken = await demo().post(PAYMENTS, `{"method": {"token": "${card}" "type": "card"}}`);
      assert.equal(broken.body.code, 'HUB_MALFORMED_JSON');
      assert.doesNotMatch(broken.text, DIGITS);
      for (const act of ['cancel', 'refund']) {
        const { status, text } = await demo().post(`${PAYMENTS}/${paymentId}/${act}`, { reason: `wrong card: ${card}` });
        assert.equal(status, 422);
        assert.doesNotMatch(text, DIGITS);
      }
    }
    assert.deepEqual((await demo().get(`${PAYMENTS}?paymentReference=CARD-1`)).body.items, []);
    const events = await journey.hub.client('auditor').get('/api/v1/events');
    assert.match(events.text, /CLEAN-1/);
    assert.doesNotMatch(events.text, DIGITS);
    assert.match(journey.hub.output, /received/);
    assert.doesNotMatch(journey.hub.output, DIGITS);
    assert.doesNotMatch(await (await fetch(`${journey.hub.managementUrl}/metrics`)).text(), DIGITS);
    assert.ok(receiver.spans().some(({ name }) => name === 'hub.intake'));
    assert.doesNotMatch(JSON.stringify(receiver.spans()), DIGITS);
    const stored = await journey.hub.stored();
    assert.ok(stored.some(({ bytes }) => bytes.includes('CLEAN-1')));
    for (const { name, bytes } of stored) assert.doesNotMatch(bytes.toString('latin1'), DIGITS, name);
  });

  it('seen, cancelled and refunded by nobody but their own partner', async () => {
    const paymentId = await pay('OWN-1');
    await paymentIn(paymentId, 'approved');
    const operator = journey.hub.client('operator');
    await operator.post('/api/v1/admin/partners', { partnerId: 'globex', name: 'Globex' });
    const scopes = ['payments:write', 'payments:read'];
    const { body: created } = await operator.post('/api/v1/admin/partners/globex/clients', { clientId: 'globex-1', scopes });
    const globex = new ApiClient(() => journey.hub.url, created.clientId, created.clientSecret);
    const absent = '00000000-0000-5000-8000-000000000000';
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/timeline'],
      ['POST', '/cancel'],
      ['POST', '/refund'],
    ] as const) {
      const ask = async (id: string) => {
        const { status, body } = await globex.call(method, `${PAYMENTS}/${id}${path}`);
        return [status, body.code, body.detail.replace(id, '')];
      };
      const theirs = await ask(paymentId);
      assert.deepEqual(theirs.slice(0, 2), [404, 'HUB_NOT_FOUND'], path);
      assert.deepEqual(theirs, await ask(absent), path);
    }
    assert.deepEqual((await globex.get(PAYMENTS)).body.items, []);
    const same = await globex.post(PAYMENTS, aPayment('OWN-1', { amount: '1' }));
    assert.equal(same.status, 202);
    assert.notEqual(same.body.paymentId, paymentId);
    await paymentIn(paymentId, 'approved');
  });

  it('cancelled while the processor is not called, and never made there', async () => {
    const breaker = '/api/v1/admin/breakers/payment-processor';
    const operator = journey.hub.client('operator');
    assert.equal((await operator.post(`${breaker}/open`, { reason: 'maintenance' })).status, 200);
    const paymentId = await pay('AWAY-1');
    const { status, body, text } = await demo().post(`${PAYMENTS}/${paymentId}/cancel`, { reason: 'the basket was abandoned' });
    assert.equal(status, 202, text);
    assert.ok(['cancelling', 'cancelled'].includes(body.status), text);
    await operator.post(`${breaker}/close`, { reason: 'it is back' });
    const shown = await paymentIn(paymentId, 'cancelled');
    assert.equal(shown.cancellation.reason, 'the basket was abandoned');
    const again = await demo().post(`${PAYMENTS}/${paymentId}/cancel`);
    assert.deepEqual([again.status, again.body.status], [202, 'cancelled']);
    const refund = await demo().post(`${PAYMENTS}/${paymentId}/refund`);
    assert.deepEqual([refund.status, refund.body.code], [409, 'HUB_PAYMENT_ENDED']);
    await paymentIn(await pay('AWAY-2'), 'approved');
    assert.deepEqual(journey.hub.processor.simulator.ledger.of(paymentId), []);
  });

  it('refunded once they are approved, not cancelled', async () => {
    const paymentId = await pay('BACK-1');
    await paymentIn(paymentId, 'approved');
    const cancel = await demo().post(`${PAYMENTS}/${paymentId}/cancel`);
    assert.deepEqual([cancel.status, cancel.body.code], [409, 'HUB_PAYMENT_APPROVED']);
    const refund = await demo().post(`${PAYMENTS}/${paymentId}/refund`, { reason: 'goods returned' });
    assert.equal(refund.status, 202, refund.text);
    const refunded = await paymentIn(paymentId, 'refunded');
    assert.equal(refunded.refund.reason, 'goods returned');
    const again = await demo().post(`${PAYMENTS}/${paymentId}/refund`);
    assert.deepEqual([again.status, again.body.status], [202, 'refunded']);
  });

  it('rid of their personal data when the person is erased, with their orders', async () => {
    const payer = { id: 'C-ERASED', name: 'Grace Hopper', email: 'grace@example.test' };
    const paymentId = await pay('ERASE-1', { payer });
    await paymentIn(paymentId, 'approved');
    const orderId = await place(demo(), anOrder('ERASE-1', { buyer: payer }));
    const request = { partnerId: 'demo', buyerId: 'C-ERASED', reason: 'asked for it' };
    const { body: erased } = await journey.hub.client('operator').post('/api/v1/admin/erasures', request);
    assert.equal(erased.keys, 1);
    const { body: payment } = await demo().get(`${PAYMENTS}/${paymentId}`);
    assert.deepEqual(
      [payment.payer, payment.method],
      [
        { id: 'C-ERASED', erased: true },
        { type: 'card', erased: true },
      ],
    );
    const { body: order } = await until<Answer>(
      'the order being shown',
      () => demo().get(`/api/v1/orders/${orderId}`),
      ({ status }) => status === 200,
    );
    assert.deepEqual(order.buyer, { id: 'C-ERASED', erased: true });
  });
});
