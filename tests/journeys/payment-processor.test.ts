import assert from 'node:assert/strict';
import type { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { PAYMENT_CALLBACK_PATH } from '@sagahub/outbound-service/connectors/payment-processor/callback.ts';
import { Webhook } from 'standardwebhooks';
import { journeyHub } from './journey.ts';

const FIVE_MINUTES_MS = 5 * 60_000;

describe('journey: a payment goes to its processor', () => {
  const journey = journeyHub({ env: { HUB_PAYMENT_EXPIRES_AFTER: '6s' } });
  let count = 0;
  let demo: ApiClient;
  let auditor: ApiClient;
  before(() => {
    demo = journey.hub.client('demo');
    auditor = journey.hub.client('auditor');
  });

  const aPayment = (token: string) => ({
    paymentReference: `PAY-${(count += 1)}`,
    amount: '89.60',
    currency: 'EUR',
    orderNumber: 'PO-10045',
    method: { type: 'card', token },
    payer: { id: 'C-1001', name: 'Ada Keller', email: 'ada@example.test' },
  });
  const pay = async (token: string): Promise<string> => {
    const answer = await demo.post('/api/v1/payments', aPayment(token));
    assert.equal(answer.status, 202, answer.text);
    return answer.body.paymentId;
  };
  /** What the log has of it. */
  const eventsOf = async (paymentId: string): Promise<{ type: string; data: any }[]> =>
    (await auditor.get(`/api/v1/events?stream=payment-${paymentId}`)).text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  const typesOf = async (paymentId: string) => (await eventsOf(paymentId)).map(({ type }) => type);
  const recorded = (paymentId: string, type: string, times = 1) =>
    until(
      `${type} of ${paymentId}`,
      () => eventsOf(paymentId),
      (events) => events.filter((event) => event.type === type).length >= times,
    );
  const there = (paymentId: string) => journey.hub.processor.simulator.ledger.of(paymentId).map(({ status }) => status);

  const callBack = async (
    data: object,
    { secret = journey.hub.processor.secret, atMs = Date.now(), id = 'cb-1' } = {},
  ): Promise<Response> => {
    const body = JSON.stringify({ type: 'payment', timestamp: new Date(atMs).toISOString(), data });
    const at = new Date(atMs);
    return fetch(`${journey.hub.url}${PAYMENT_CALLBACK_PATH}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(atMs / 1_000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      },
      body,
    });
  };

  it('is approved in three appends, and the processor has it once', async () => {
    const paymentId = await pay('tok_visa');
    await recorded(paymentId, 'PaymentApproved');
    assert.deepEqual(await typesOf(paymentId), ['PaymentReceived', 'AuthorizationRequested', 'PaymentApproved']);
    assert.deepEqual(there(paymentId), ['approved']);
  });

  it('is declined with the word of the processor', async () => {
    const paymentId = await pay('tok_decline_card-expired');
    const events = await recorded(paymentId, 'PaymentDeclined');
    assert.equal(events.at(-1)!.data.reason, 'card-expired');
  });

  it('is told by callback what was decided later, also twice', async () => {
    const paymentId = await pay('tok_later_300_twice');
    const events = await recorded(paymentId, 'PaymentApproved');
    assert.equal(events.filter(({ type }) => type === 'PaymentApproved').length, 1);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['PaymentReceived', 'AuthorizationRequested', 'AuthorizationPending', 'PaymentApproved'],
    );
  });

  it('asks where no callback comes', async () => {
    const paymentId = await pay('tok_later_300_quiet_decline_do-not-honour');
    const events = await recorded(paymentId, 'PaymentDeclined');
    assert.equal(events.at(-1)!.data.answeredBy, 'call');
  });

  it('is not made twice by an answer that was lost', async () => {
    const paymentId = await pay('tok_lose');
    await recorded(paymentId, 'PaymentApproved');
    assert.deepEqual(there(paymentId), ['approved']);
  });

  it('is refunded at the processor before it says so', async () => {
    const paymentId = await pay('tok_visa');
    await recorded(paymentId, 'PaymentApproved');
    const refunded = await demo.post(`/api/v1/payments/${paymentId}/refund`, { reason: 'sent back' });
    assert.equal(refunded.status, 202, refunded.text);
    await recorded(paymentId, 'PaymentRefunded');
    assert.deepEqual(there(paymentId), ['reversed']);
    assert.equal((await demo.post(`/api/v1/payments/${paymentId}/cancel`, {})).body.code, 'HUB_PAYMENT_ENDED');
  });

  it('is cancelled while the processor makes up its mind', async () => {
    const paymentId = await pay('tok_never');
    await recorded(paymentId, 'AuthorizationPending');
    assert.equal((await demo.post(`/api/v1/payments/${paymentId}/cancel`, {})).status, 202);
    await recorded(paymentId, 'PaymentCancelled');
    assert.deepEqual(there(paymentId), ['reversed']);
  });

  it('expires, and what the processor approves after that is taken back', async () => {
    const paymentId = await pay('tok_never');
    await recorded(paymentId, 'PaymentExpired');
    assert.deepEqual(there(paymentId), ['reversed']);
    const [payment] = journey.hub.processor.simulator.ledger.of(paymentId);
    // Against all promises it lives after all, under another reference.
    const late = { ...payment!, paymentRef: 'T-LATE', key: 'late', status: 'approved' as const };
    journey.hub.processor.simulator.ledger.put(late);
    const told = await callBack({ externalPaymentId: paymentId, paymentRef: 'T-LATE', status: 'approved' });
    assert.equal(told.status, 204);
    const events = await recorded(paymentId, 'PaymentReversed', 2);
    const approval = events.find(({ type }) => type === 'PaymentApproved');
    assert.deepEqual(approval?.data, { processorRef: 'T-LATE', attempt: 1, answeredBy: 'callback', tooLate: true });
    assert.deepEqual(there(paymentId), ['reversed', 'reversed']);
  });

  describe('callbacks', () => {
    const approved = (externalPaymentId: string, paymentRef = 'T-1') => ({ externalPaymentId, paymentRef, status: 'approved' });

    it('are believed only with the signature of these minutes, and tell nothing otherwise', async () => {
      const paymentId = await pay('tok_never');
      await recorded(paymentId, 'AuthorizationPending');
      const { paymentRef } = journey.hub.processor.simulator.ledger.of(paymentId)[0]!;
      const other = `whsec_${Buffer.from('another secret of the same kind!').toString('base64')}`;
      for (const answer of [
        await callBack(approved(paymentId, paymentRef), { secret: other }),
        await callBack(approved(paymentId, paymentRef), { atMs: Date.now() - FIVE_MINUTES_MS - 5_000 }),
        await callBack(approved(paymentId, paymentRef), { atMs: Date.now() + FIVE_MINUTES_MS + 5_000 }),
        await fetch(`${journey.hub.url}${PAYMENT_CALLBACK_PATH}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ data: approved(paymentId, paymentRef) }),
        }),
        await callBack(approved('0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10'), { secret: other }),
      ]) {
        assert.equal(answer.status, 401);
        const problem = (await answer.json()) as { code: string; detail: string };
        assert.equal(problem.code, 'HUB_SIGNATURE_INVALID');
        assert.doesNotMatch(JSON.stringify(problem), /whsec|payment-|v1,/);
      }
      assert.equal((await typesOf(paymentId)).at(-1), 'AuthorizationPending');
      assert.equal((await callBack(approved(paymentId, paymentRef))).status, 204);
      await recorded(paymentId, 'PaymentApproved');
    });

    it('about a payment that nobody posted are 404, and of a wrong form 422 or 400', async () => {
      assert.equal((await callBack(approved('0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10'))).status, 404);
      assert.equal((await callBack({ status: 'approved' })).status, 422);
      assert.equal((await callBack({ externalPaymentId: '0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10', status: 'approved' })).status, 422);
    });

    it('are applied once, before the answer to the call and behind it', async () => {
      const submits = async (): Promise<readonly string[]> => {
        const text = await (await fetch(`${journey.hub.managementUrl}/metrics`)).text();
        return text
          .split('\n')
          .filter((line) => /^hub_connector_calls_total\{.*connector="payment-processor".*operation="submit"/.test(line));
      };
      const ended = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + Number(line.split('} ')[1]!.split(' ')[0]), 0);
      const before = ended(await submits());
      const paymentId = await pay('tok_delay_400');
      await recorded(paymentId, 'AuthorizationRequested');
      const { paymentRef } = await until(
        'the processor having it',
        () => Promise.resolve(journey.hub.processor.simulator.ledger.of(paymentId)[0]),
        (payment) => payment !== undefined,
      ).then((payment) => payment!);
      for (const id of ['cb-2', 'cb-2', 'cb-3']) assert.equal((await callBack(approved(paymentId, paymentRef), { id })).status, 204);
      const events = await recorded(paymentId, 'PaymentApproved');
      assert.equal(events.at(-1)!.data.answeredBy, 'callback');
      await until('the answer to the call', submits, (lines) => ended(lines) > before);
      assert.deepEqual(await typesOf(paymentId), ['PaymentReceived', 'AuthorizationRequested', 'PaymentApproved']);
    });
  });

  it('never has more than one effect at the processor', async () => {
    const { doubled } = journey.hub.processor.simulator.stats().ledger;
    assert.equal(doubled, 0);
  });

  it('keeps the token out of everything but what is sealed', async () => {
    const paymentId = await pay('tok_secret-of-the-payer');
    const events = await recorded(paymentId, 'PaymentApproved');
    const inClear = events.map(({ type, data }) => ({ type, data }));
    assert.doesNotMatch(JSON.stringify(inClear) + journey.hub.output, /secret-of-the-payer|Ada Keller/);
  });
});
