import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { wishOf } from './behaviour.ts';
import { signatureOf } from './callbacks.ts';
import { type PaymentSimulator, startPaymentSimulator } from './simulator.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ....').toString('base64')}`;

const post = async ({ url }: PaymentSimulator, externalPaymentId: string, token: string) => {
  const answer = await fetch(`${url}/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': externalPaymentId },
    body: JSON.stringify({
      externalPaymentId,
      paymentReference: 'PAY-1',
      partnerId: 'acme',
      amount: '10.00',
      currency: 'EUR',
      method: { type: 'card', token },
    }),
  });
  return { status: answer.status, body: (await answer.json()) as { paymentRef: string; status: string } };
};

describe('simulator of a payment processor', () => {
  it('reads in a token what is to become of the payment', () => {
    assert.deepEqual(wishOf('tok_visa'), {});
    assert.deepEqual(wishOf('tok_later_2000_decline_do-not-honour_twice'), {
      laterMs: 2_000,
      decline: 'do-not-honour',
      callbacks: 'twice',
    });
    assert.deepEqual(wishOf('tok_delay_soon_never_lose_quiet'), { never: true, lose: true, callbacks: 'never' });
  });

  it('keeps what it did through a kill, decides what was pending, and tells it signed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sagahub-payments-'));
    const clock = manualClock(Date.now());
    const told = Promise.withResolvers<{ headers: Record<string, unknown>; body: string }>();
    const listener = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk)).on('end', () => (told.resolve({ headers: request.headers, body }), response.end()));
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    try {
      const first = await startPaymentSimulator({ folder, clock });
      assert.equal((await post(first, 'p-1', 'tok_visa')).body.status, 'approved');
      const pending = await post(first, 'p-2', 'tok_later_1000');
      assert.deepEqual([pending.status, pending.body.status], [202, 'pending']);
      await first[Symbol.asyncDispose]();

      await using again = await startPaymentSimulator({ folder, clock });
      again.callBack({ url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`, secret: SECRET });
      assert.equal((await post(again, 'p-1', 'tok_visa')).status, 200, 'a repeat');
      await clock.advance(1_000);
      const { headers, body } = await told.promise;
      const { data } = JSON.parse(body) as { data: object };
      assert.deepEqual(data, { externalPaymentId: 'p-2', paymentRef: pending.body.paymentRef, status: 'approved' });
      const expected = signatureOf(SECRET, String(headers['webhook-id']), Number(headers['webhook-timestamp']), body);
      assert.equal(headers['webhook-signature'], expected['webhook-signature']);
      const { payments, approved, doubled, approvedTotal } = again.stats().ledger;
      assert.deepEqual([payments, approved, doubled, approvedTotal], [2, 2, 0, { EUR: '20' }]);
    } finally {
      listener.close();
      await rm(folder, { recursive: true });
    }
  });
});
