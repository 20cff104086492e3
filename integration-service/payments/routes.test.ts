import assert from 'node:assert/strict';
import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import { paymentAcceptedSchema, paymentActAcceptedSchema } from '@sagahub/contracts/api/payments.ts';
import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import { ConflictError, HubError, UnavailableError, ValidationError } from '@sagahub/contracts/errors.ts';
import { paymentStream } from '@sagahub/contracts/messages/payment.ts';
import { open, subjectOf } from '@sagahub/contracts/personal-data.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { type RecordedTelemetry, recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { orderHandlers } from '../orders/handlers.ts';
import { orderRoutes } from '../orders/routes.ts';
import { openErasures } from '../erasure/erasures.ts';
import { closedRoutes } from '../intake/flow-intake.ts';
import { openIntake } from '../intake/intake.ts';
import { newPartner, postedOrder } from '../testing/orders.ts';
import { postedPayment } from '../testing/payments.ts';
import { type Script, scriptedRuntime } from '../testing/scripted-runtime.ts';
import { openSite, type Site } from '../testing/site.ts';
import { paymentHandlers } from './handlers.ts';
import { paymentIdOf, paymentKind } from './kind.ts';
import { paymentRoutes } from './routes.ts';

const PAYMENTS = '/api/v1/payments';
const refusedWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof HubError, String(error));
  assert.equal(error.code, code);
  return true;
};

describe('payment routes', () => {
  let site: Site;
  let partner: Principal;
  let telemetry: RecordedTelemetry;
  let script: Script;
  let routes: ReturnType<typeof paymentRoutes>;
  let post: (path: string, request?: Partial<ApiRequest>) => Promise<ApiResponse>;

  before(async () => {
    site = await openSite();
  });
  after(() => site[Symbol.asyncDispose]());

  beforeEach(async () => {
    partner = newPartner();
    telemetry = recordTelemetry();
    const { runtime, script: written } = scriptedRuntime(site.store);
    script = written;
    const { store, keys } = site;
    const clock = manualClock();
    const intake = await openIntake(paymentKind, { store, keys, cache: openInProcessKeyValue({ clock }), clock, telemetry }, 600_000);
    const parts = { runtime, telemetry, maxWaitMs: 30_000 };
    const resubmit = () => Promise.reject(new Error('no order is resubmitted here'));
    routes = [
      ...paymentRoutes(paymentHandlers({ intake, ...parts })),
      ...orderRoutes(orderHandlers({ intake: site.intake, resubmit, ...parts })),
    ];
    post = (path, request) => {
      const [, collection = '', id = '', action] = /^(\/api\/v1\/\w+)(?:\/([^/]*)\/(\w+))?$/.exec(path) ?? [];
      const route = routes.find((candidate) => candidate.path === `${collection}${action ? `/:paymentId/${action}` : ''}`);
      assert.ok(route, path);
      return route.handle({
        method: 'POST',
        url: path,
        params: { paymentId: id },
        query: {},
        headers: {},
        body: undefined,
        principal: partner,
        correlationId: 'flow-1',
        requestId: 'request-1',
        traceparent: undefined,
        remoteAddress: '127.0.0.1',
        signal: new AbortController().signal,
        ...request,
      });
    };
  });

  const place = (body: unknown = postedPayment(), headers: ApiRequest['headers'] = {}) => post(PAYMENTS, { body, headers });
  const idOf = (answer: ApiResponse) => (answer.body as { paymentId: string }).paymentId;
  const eventsOf = (reference = 'PAY-1') =>
    site.store.readStream(paymentStream(paymentIdOf(site.store.namespace, partner.partnerId, reference)));

  describe('posting', () => {
    it('answers 202 with the payment and where to look, after it is on disk with its personal part sealed', async () => {
      const answer = await place();
      const paymentId = paymentIdOf(site.store.namespace, partner.partnerId, 'PAY-1');
      const self = `${PAYMENTS}/${paymentId}`;
      assert.equal(answer.status, 202);
      assert.deepEqual(answer.headers, { location: self });
      assert.deepEqual(paymentAcceptedSchema.parse(answer.body), {
        paymentId,
        paymentReference: 'PAY-1',
        status: 'pending',
        links: { self, timeline: `${self}/timeline`, cancel: `${self}/cancel` },
      });
      const [event, ...others] = await eventsOf();
      assert.deepEqual([event?.type, others], ['PaymentReceived', []]);
      assert.deepEqual(
        { ...event!.data, fingerprint: '' },
        {
          paymentId,
          paymentReference: 'PAY-1',
          partnerId: partner.partnerId,
          clientId: partner.clientId,
          amount: '59.70',
          currency: 'EUR',
          orderNumber: 'PO-1',
          payerId: 'C-1',
          methodType: 'card',
          metadata: { channel: 'shop' },
          channel: 'http',
          fingerprint: '',
        },
      );
      assert.doesNotMatch(JSON.stringify({ ...event, position: 0 }), /Ada|ada@|tok_canary/);
      assert.deepEqual(await open(site.keys, event!.stream, event!.private!), {
        method: { type: 'card', token: 'tok_canary' },
        payer: { name: 'Ada Keller', email: 'ada@example.test' },
      });
    });

    it('answers a repeat with the same bytes, however its amount is written and whatever became of it meanwhile', async () => {
      const first = await place(postedPayment(), { 'idempotency-key': '"k"' });
      script.state = 'Declined';
      const repeat = await place(postedPayment('PAY-1', { amount: '59.70' }), { 'idempotency-key': 'k' });
      assert.equal(repeat.status, 202);
      assert.equal(JSON.stringify(repeat.body), JSON.stringify(first.body));
      assert.deepEqual(repeat.headers, { ...first.headers, 'idempotent-replayed': 'true' });
      assert.equal((await eventsOf()).length, 1);
    });

    it('refuses a reference that was used with other content, and a key that was used for something else', async () => {
      const paymentId = idOf(await place(postedPayment(), { 'idempotency-key': 'k' }));
      await assert.rejects(place(postedPayment('PAY-1', { amount: '60' })), (error) => {
        refusedWith('HUB_PAYMENT_REFERENCE_REUSED')(error);
        const { extensions } = error as HubError;
        assert.deepEqual(extensions['links'], { self: `${PAYMENTS}/${paymentId}`, timeline: `${PAYMENTS}/${paymentId}/timeline` });
        return refusedWith('HUB_PAYMENT_REFERENCE_REUSED')(error);
      });
      await assert.rejects(place(postedPayment('PAY-2'), { 'idempotency-key': 'k' }), (error) => {
        assert.equal((error as HubError).extensions['paymentId'], paymentId);
        return refusedWith('HUB_IDEMPOTENCY_KEY_REUSED')(error);
      });
    });

    it('knows a key that was used for an order, and the other way round', async () => {
      await post('/api/v1/orders', { body: postedOrder(), headers: { 'idempotency-key': 'of-the-order' } });
      await assert.rejects(place(postedPayment(), { 'idempotency-key': 'of-the-order' }), refusedWith('HUB_IDEMPOTENCY_KEY_REUSED'));
      await place(postedPayment(), { 'idempotency-key': 'of-the-payment' });
      const order = post('/api/v1/orders', { body: postedOrder('PO-2'), headers: { 'idempotency-key': 'of-the-payment' } });
      await assert.rejects(order, refusedWith('HUB_IDEMPOTENCY_KEY_REUSED'));
    });

    it('refuses what looks like a card number, and neither writes it down nor repeats it', async () => {
      const card = '4111 1111 1111 1111';
      for (const body of [
        postedPayment('PAY-1', { method: { type: 'card', token: card } }),
        postedPayment(card),
        postedPayment('PAY-1', { metadata: { note: `card ${card}` } }),
        postedPayment('PAY-1', { payer: { id: 'C-1', name: card } }),
        postedPayment('PAY-1', { [card]: 1 }),
      ])
        await assert.rejects(place(body), (error) => {
          assert.ok(error instanceof ValidationError);
          assert.doesNotMatch(`${error.stack} ${JSON.stringify(error.extensions)}`, /1111/);
          return true;
        });
      assert.deepEqual(await eventsOf(), []);
      assert.deepEqual(await eventsOf(card), []);
      assert.doesNotMatch(JSON.stringify([telemetry.warnings, [...telemetry.counts]]), /1111/);
      assert.equal(telemetry.counts.get('hub.intake.refused{"flow":"payment","channel":"http","code":"HUB_VALIDATION"}'), 5);
    });

    it('counts what it accepted and what it replayed', async () => {
      for (let i = 0; i < 3; i += 1) await place();
      assert.equal(telemetry.counts.get('hub.intake.received{"flow":"payment","channel":"http"}'), 1);
      assert.equal(telemetry.counts.get('hub.intake.replayed{"flow":"payment","channel":"http"}'), 2);
    });

    const endings = {
      Approved: ['approved', 'refund'],
      Declined: ['declined'],
      Expired: ['expired'],
      Cancelled: ['cancelled'],
      Refunded: ['refunded'],
    };
    for (const [state, [status, ...acts]] of Object.entries(endings))
      it(`waits when asked to, and answers 200 with ${status} and what may be asked for then`, async () => {
        script.state = state;
        script.ended = true;
        const answer = await place(postedPayment(), { prefer: 'wait=10' });
        assert.equal(answer.status, 200);
        const body = paymentAcceptedSchema.parse(answer.body);
        assert.equal(body.status, status);
        assert.deepEqual(Object.keys(body.links), ['self', 'timeline', ...acts]);
      });

    it('says that a payment is stuck, since waiting longer would not help', async () => {
      script.queue = OPERATOR_QUEUE;
      const answer = await place(postedPayment(), { prefer: 'wait=10' });
      assert.deepEqual([answer.status, (answer.body as { status: string }).status], [200, 'stuck']);
    });
  });

  for (const [action, command, underway, ended] of [
    ['cancel', 'Cancel', 'cancelling', 'Cancelled'],
    ['refund', 'Refund', 'refunding', 'Refunded'],
  ] as const)
    describe(`asked to ${action}`, () => {
      it('asks the flow, and answers what the payment has become', async () => {
        const paymentId = idOf(await place());
        const answer = await post(`${PAYMENTS}/${paymentId}/${action}`, { body: { reason: 'a mistake' } });
        assert.equal(answer.status, 202);
        assert.equal(paymentActAcceptedSchema.parse(answer.body).status, underway);
        script.state = ended;
        script.ended = true;
        const again = await post(`${PAYMENTS}/${paymentId}/${action}`);
        assert.equal(paymentActAcceptedSchema.parse(again.body).status, ended.toLowerCase());
        const by = `client:${partner.clientId}`;
        assert.deepEqual(script.commands, [
          { stream: paymentStream(paymentId), command: { type: command, by, reason: 'a mistake' } },
          { stream: paymentStream(paymentId), command: { type: command, by } },
        ]);
      });

      it('passes on why the flow refuses', async () => {
        const paymentId = idOf(await place());
        script.conflict = new ConflictError('HUB_CONFLICT_OF_THE_TEST', 'not now');
        await assert.rejects(post(`${PAYMENTS}/${paymentId}/${action}`), script.conflict);
      });

      it('refuses fields it does not know, and card numbers', async () => {
        const paymentId = idOf(await place());
        for (const body of [{ why: 'x' }, { reason: 'for 4111111111111111' }])
          await assert.rejects(post(`${PAYMENTS}/${paymentId}/${action}`, { body }), ValidationError);
        assert.deepEqual(script.commands, []);
      });

      it("finds no payment that is unknown, another partner's, or named wrongly", async () => {
        const paymentId = idOf(await place());
        const unknown = paymentIdOf(site.store.namespace, partner.partnerId, 'PAY-9');
        await assert.rejects(post(`${PAYMENTS}/${paymentId}/${action}`, { principal: newPartner() }), refusedWith('HUB_NOT_FOUND'));
        for (const wrong of [unknown, '', 'PAY-1', paymentId.toUpperCase()])
          await assert.rejects(post(`${PAYMENTS}/${wrong}/${action}`), refusedWith('HUB_NOT_FOUND'));
        assert.deepEqual(script.commands, []);
      });
    });

  describe('personal data', () => {
    const opened = async (reference: string) => {
      const [event] = await eventsOf(reference);
      return open(site.keys, event!.stream, event!.private!);
    };

    it('of a payer is erased with that of the buyer of the same id, and nobody else', async () => {
      await place();
      await place(postedPayment('PAY-2', { payer: { id: 'C-2' } }));
      await place(postedPayment('PAY-3', { payer: null }));
      const erase = await openErasures({ keys: site.keys, store: site.store, clock: manualClock() });
      const { partnerId } = partner;
      await erase({ partnerId, buyerId: 'C-1', reason: 'asked', by: 'client:op', correlationId: 'c', traceparent: undefined });
      assert.equal(await opened('PAY-1'), undefined);
      assert.deepEqual(await opened('PAY-2'), { method: { type: 'card', token: 'tok_canary' }, payer: {} });
      assert.deepEqual(await opened('PAY-3'), { method: { type: 'card', token: 'tok_canary' } });
    });

    it('of a payment without payer has a subject that no payer can be', async () => {
      await place(postedPayment('PAY-1', { payer: null }));
      await site.keys.eraseSubject(subjectOf(partner.partnerId, 'PAY-1'));
      assert.ok(await opened('PAY-1'));
    });
  });

  it('say what to do where the flow is closed, and record nothing', async () => {
    routes = closedRoutes(routes, 'set PAYMENT_PROCESSOR_URL');
    for (const asked of [place(), place({}), post(`${PAYMENTS}/x/cancel`), post(`${PAYMENTS}/x/refund`)])
      await assert.rejects(asked, (error) => error instanceof UnavailableError && /PAYMENT_PROCESSOR_URL/.test(error.message));
    assert.deepEqual(await eventsOf(), []);
  });
});
