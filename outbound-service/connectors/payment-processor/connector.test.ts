import assert from 'node:assert/strict';
import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { MACHINE_CLOCK } from '@sagahub/simulators/server.ts';
import type { Connector, Delivery } from '@sagahub/contracts/ports/connector.ts';
import type { HttpAnswer } from '@sagahub/contracts/ports/http-client.ts';
import { type PaymentSimulator, startPaymentSimulator } from '@sagahub/simulators/payment-processor/simulator.ts';
import { authorizationOutcome, lookupOutcome } from './answers.ts';
import { paymentProcessorConnector } from './connector.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 10);
const ID = '0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10';

const deliveryOf = (token: string, objectId = ID): Delivery => ({
  objectId,
  partnerId: 'acme',
  attempt: 1,
  request: { paymentReference: 'PAY-1', amount: '89.60', currency: 'EUR', methodType: 'card' },
  personal: { method: { type: 'card', token } },
  correlationId: 'c',
  traceparent: undefined,
  signal: AbortSignal.timeout(5_000),
});

describe('payment processor', () => {
  describe('connector and simulator', () => {
    let simulator: PaymentSimulator;
    let connector: Connector;
    const http = openHttpClient();
    before(async () => {
      simulator = await startPaymentSimulator();
      const options = { url: `${simulator.url}/`, auth: { kind: 'none' }, timeoutMs: 1_000, settleMs: 100 } as const;
      connector = paymentProcessorConnector(options, { http, clock: MACHINE_CLOCK });
    });
    after(async () => {
      await simulator[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
    });
    const ids = Array.from({ length: 20 }, (_, index) => `${ID.slice(0, -2)}${String(index).padStart(2, '0')}`);
    const next = () => ids.shift()!;

    it('authorises once under one key', async () => {
      const delivery = deliveryOf('tok_visa', next());
      const first = await connector.submit(delivery);
      assert.ok(first.kind === 'done');
      assert.deepEqual(await connector.submit(delivery), { ...first, status: 200 });
      assert.deepEqual(await connector.lookup(delivery), { kind: 'found', orders: [{ reference: first.reference, live: true }] });
    });

    it('says why it was declined, and holds nothing then', async () => {
      const delivery = deliveryOf('tok_decline_insufficient-funds', next());
      assert.deepEqual(await connector.submit(delivery), { kind: 'refused', reason: 'insufficient-funds', status: 201 });
      const found = await connector.lookup(delivery);
      assert.deepEqual(found.kind === 'found' && found.orders.map(({ live }) => live), [false]);
    });

    it('is asked by its reference while it is pending, and takes that back', async () => {
      await simulator.behave({ retryAfterSeconds: 7 });
      const delivery = deliveryOf('tok_never', next());
      const pending = await connector.submit(delivery);
      assert.ok(pending.kind === 'pending' && pending.reference !== undefined);
      assert.equal(pending.retryAfterMs, 7_000);
      const { reference } = pending;
      assert.equal((await connector.submit({ ...delivery, reference })).kind, 'pending');
      assert.equal(simulator.stats().questions, 1);
      for (let time = 0; time < 2; time++) assert.deepEqual(await connector.cancel({ ...delivery, reference }), { kind: 'done' });
      assert.equal((await connector.submit({ ...delivery, reference })).kind, 'refused');
      await simulator.behave({ retryAfterSeconds: 0 });
    });

    it('meets lost answers, outages, a wrong credential and refused reversals with the outcome they deserve', async () => {
      const lost = deliveryOf('tok_lose', next());
      assert.equal((await connector.submit(lost)).kind, 'unknown');
      const again = await connector.submit(lost);
      assert.ok(again.kind === 'done');
      await simulator.behave({ refuseReversal: true });
      assert.equal((await connector.cancel({ ...lost, reference: again.reference })).kind, 'refused');
      await simulator.behave({ refuseReversal: false, outage: 'unavailable' });
      assert.equal((await connector.submit(lost)).kind, 'transient');
      await simulator.behave({ outage: 'refused' });
      // A connection that was kept open may break with the call on it.
      assert.match((await connector.submit(lost)).kind, /^(transient|unknown)$/);
      assert.equal((await connector.probe(AbortSignal.timeout(1_000))).ok, false);
      await simulator.behave({ outage: 'none', bearer: 'another' });
      assert.equal((await connector.submit(lost)).kind, 'misconfigured');
      await simulator.behave({ bearer: '' });
      assert.equal((await connector.probe(AbortSignal.timeout(1_000))).ok, true);
      assert.equal(simulator.stats().ledger.doubled, 0);
    });

    it('shows what it did, and refuses a behaviour that there is not', async () => {
      const answer = await fetch(`${simulator.controlUrl}/_simulator/behaviour`, { method: 'PUT', body: '{"declines":1}' });
      assert.equal(answer.status, 400);
      const ledger = await (await fetch(`${simulator.controlUrl}/_simulator/ledger`)).text();
      assert.equal(ledger.trim().split('\n').length, simulator.stats().ledger.payments);
    });
  });

  describe('answers', () => {
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer => ({
      kind: 'answer',
      status,
      headers,
      bodyText: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const kindOf = (status: number, body: unknown, asked = false) => authorizationOutcome(answer(status, body), NOW_MS, asked).kind;

    it('to an authorisation go by what they say became of it, and else by their status', () => {
      for (const status of [200, 201, 409]) {
        assert.equal(kindOf(status, { paymentRef: 'T', status: 'approved' }), 'done');
        assert.equal(kindOf(status, { status: 'approved' }), 'unknown', 'approved under no name cannot be taken back');
        assert.equal(kindOf(status, { paymentRef: 'T', status: 'authorised' }), 'unknown');
      }
      assert.equal(kindOf(402, { status: 'declined', reason: 'no' }), 'refused');
      assert.equal(kindOf(202, { status: 'pending' }), 'pending');
      assert.equal(kindOf(200, '<html>'), 'misconfigured');
      for (const status of [400, 410, 413, 422]) assert.equal(kindOf(status, {}), 'refused');
      for (const status of [401, 403, 404, 405, 302, 418]) assert.equal(kindOf(status, {}), 'misconfigured');
      for (const status of [408, 425, 429, 500, 503]) assert.equal(kindOf(status, {}), 'transient');
      assert.equal(kindOf(404, {}, true), 'transient', 'what was pending is not declined by being forgotten');
    });

    it('to a look-up list what is ours alone', () => {
      const entry = (paymentRef: string, status: string, externalPaymentId = ID) => ({ paymentRef, status, externalPaymentId });
      const body = [entry('T-1', 'approved'), entry('T-2', 'pending'), entry('T-3', 'reversed'), entry('T-4', 'approved', 'another')];
      const found = lookupOutcome(answer(200, body), ID, NOW_MS);
      assert.deepEqual(found.kind === 'found' && found.orders.map(({ reference, live }) => [reference, live]), [
        ['T-1', true],
        ['T-2', true],
        ['T-3', false],
      ]);
      assert.equal(lookupOutcome(answer(200, [{ externalPaymentId: ID, status: 'approved' }]), ID, NOW_MS).kind, 'unknown');
      for (const nothing of ['', 'null', '{}']) assert.equal(lookupOutcome(answer(200, nothing), ID, NOW_MS).kind, 'misconfigured');
    });
  });
});
