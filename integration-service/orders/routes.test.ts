import assert from 'node:assert/strict';
import { orderAcceptedSchema, orderResubmittedSchema } from '@sagahub/contracts/api/orders.ts';
import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import { ConflictError, HubError, StorageFullError, ValidationError } from '@sagahub/contracts/errors.ts';
import { orderIdOf } from '@sagahub/contracts/ids.ts';
import { orderStream } from '@sagahub/contracts/messages/order.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { OPERATOR_QUEUE } from '@sagahub/contracts/saga.ts';
import { type RecordedTelemetry, recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { newPartner, postedOrder } from '../testing/orders.ts';
import { type Script, scriptedRuntime } from '../testing/scripted-runtime.ts';
import { openSite, type Site, storeAfter } from '../testing/site.ts';
import { orderHandlers } from './handlers.ts';
import { openResubmission } from './resubmission.ts';
import { orderRoutes } from './routes.ts';

const refusedWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof HubError, String(error));
  assert.equal(error.code, code);
  return true;
};

describe('order routes', () => {
  let site: Site;
  let partner: Principal;
  let telemetry: RecordedTelemetry;
  let script: Script;
  let appendFails: Error | undefined;
  let post: (path: string, request?: Partial<ApiRequest>) => Promise<ApiResponse>;

  before(async () => {
    site = await openSite();
  });
  after(() => site[Symbol.asyncDispose]());

  beforeEach(async () => {
    partner = newPartner();
    appendFails = undefined;
    telemetry = recordTelemetry();
    const { runtime, script: written } = scriptedRuntime(site.store);
    script = written;
    const store = storeAfter(site.store, { append: () => (appendFails ? Promise.reject(appendFails) : Promise.resolve()) });
    const intake = await site.openIntake({ store, telemetry });
    const resubmit = openResubmission(site.store, runtime, intake);
    const routes = orderRoutes(orderHandlers({ intake, resubmit, runtime, telemetry, maxWaitMs: 30_000 }));
    post = (path, request) => {
      const [, orderId = '', action] = /^\/api\/v1\/orders(?:\/([^/]*)\/(\w+))?$/.exec(path) ?? [];
      const route = routes.find((candidate) => candidate.path === `/api/v1/orders${action ? `/:orderId/${action}` : ''}`);
      assert.ok(route, path);
      return route.handle({
        method: 'POST',
        url: path,
        params: { orderId },
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

  const place = (body: object = postedOrder(), headers: ApiRequest['headers'] = {}) => post('/api/v1/orders', { body, headers });
  const idOf = (answer: ApiResponse) => (answer.body as { orderId: string }).orderId;

  describe('placing', () => {
    it('answers 202 with the order and where to look', async () => {
      const answer = await place();
      const orderId = orderIdOf(site.store.namespace, partner.partnerId, 'PO-1');
      assert.equal(answer.status, 202);
      assert.deepEqual(answer.headers, { location: `/api/v1/orders/${orderId}` });
      assert.deepEqual(orderAcceptedSchema.parse(answer.body), {
        orderId,
        orderNumber: 'PO-1',
        status: 'received',
        links: {
          self: `/api/v1/orders/${orderId}`,
          timeline: `/api/v1/orders/${orderId}/timeline`,
          cancel: `/api/v1/orders/${orderId}/cancel`,
        },
      });
    });

    it('answers a repeat with the same bytes, whatever became of the order meanwhile', async () => {
      const first = await place(postedOrder(), { 'idempotency-key': '"k"' });
      script.state = 'Rejected';
      const repeat = await place(postedOrder(), { 'idempotency-key': 'k' });
      assert.equal(repeat.status, 202);
      assert.equal(JSON.stringify(repeat.body), JSON.stringify(first.body));
      assert.deepEqual(repeat.headers, { ...first.headers, 'idempotent-replayed': 'true' });
    });

    it('looks at the key before the body, and at both before anything is written', async () => {
      await assert.rejects(place({}, { 'idempotency-key': 'a b' }), refusedWith('HUB_IDEMPOTENCY_KEY_INVALID'));
      await assert.rejects(place({}), ValidationError);
      assert.equal((await site.received(partner.partnerId)).length, 0);
    });

    it('counts refusals by their code', async () => {
      await assert.rejects(place({}));
      assert.equal(telemetry.counts.get('hub.orders.refused{"channel":"http","code":"HUB_VALIDATION"}'), 1);
    });

    for (const [state, status] of Object.entries({ Completed: 'completed', Rejected: 'rejected', Cancelled: 'cancelled' }))
      it(`waits when asked to, and answers 200 with ${status}`, async () => {
        script.state = state;
        const answer = await place(postedOrder(), { prefer: 'wait=10' });
        assert.equal(answer.status, 200);
        assert.equal(answer.headers?.['preference-applied'], 'wait=10');
        assert.equal(orderAcceptedSchema.parse(answer.body).status, status);
        assert.deepEqual(script.waits, [10_000]);
      });

    it('says that an order is stuck, since waiting longer would not help', async () => {
      script.queue = OPERATOR_QUEUE;
      const answer = await place(postedOrder(), { prefer: 'wait=10' });
      assert.equal(answer.status, 200);
      assert.equal((answer.body as { status: string }).status, 'stuck');
    });

    it('answers the 202 when the order is not final in time, and waits 30 s at most', async () => {
      const plain = await place();
      const waited = await place(postedOrder(), { prefer: 'wait=3600' });
      assert.equal(waited.status, 202);
      assert.equal(JSON.stringify(waited.body), JSON.stringify(plain.body));
      assert.deepEqual(script.waits, [30_000]);
    });

    it('answers the 202 when the waiting itself fails: the order is on disk', async () => {
      script.failWaiting = true;
      assert.equal((await place(postedOrder(), { prefer: 'wait=1' })).status, 202);
    });
  });

  describe('cancelling', () => {
    it('asks the flow, and answers what the order has become', async () => {
      const orderId = idOf(await place());
      script.state = 'Compensating';
      const answer = await post(`/api/v1/orders/${orderId}/cancel`, { body: { reason: 'ordered twice' } });
      assert.equal(answer.status, 202);
      assert.equal((answer.body as { status: string }).status, 'compensating');
      assert.deepEqual(script.commands, [
        { stream: orderStream(orderId), command: { type: 'Cancel', by: `client:${partner.clientId}`, reason: 'ordered twice' } },
      ]);
    });

    it('needs no body, and says when nothing had to be undone', async () => {
      const orderId = idOf(await place());
      script.state = 'Cancelled';
      const answer = await post(`/api/v1/orders/${orderId}/cancel`);
      assert.equal((answer.body as { status: string }).status, 'cancelled');
    });

    it('passes on why the flow refuses', async () => {
      const orderId = idOf(await place());
      script.conflict = new ConflictError('HUB_ORDER_COMPLETED', 'the order is completed');
      await assert.rejects(post(`/api/v1/orders/${orderId}/cancel`), script.conflict);
    });

    it('refuses fields it does not know', async () => {
      const orderId = idOf(await place());
      await assert.rejects(post(`/api/v1/orders/${orderId}/cancel`, { body: { why: 'x' } }), ValidationError);
      assert.deepEqual(script.commands, []);
    });
  });

  for (const action of ['cancel', 'resubmit'])
    it(`finds no order to ${action} that is unknown, another partner's, or named wrongly`, async () => {
      const orderId = idOf(await place());
      const body = action === 'resubmit' ? postedOrder() : undefined;
      const foreign = post(`/api/v1/orders/${orderId}/${action}`, { principal: newPartner(), body });
      await assert.rejects(foreign, refusedWith('HUB_NOT_FOUND'));
      const unknown = post(`/api/v1/orders/${orderIdOf(site.store.namespace, partner.partnerId, 'PO-9')}/${action}`, { body });
      await assert.rejects(unknown, refusedWith('HUB_NOT_FOUND'));
      for (const wrong of ['', 'PO-1', orderId.toUpperCase(), `${orderId}x`])
        await assert.rejects(post(`/api/v1/orders/${wrong}/${action}`, { body }), refusedWith('HUB_NOT_FOUND'));
      assert.deepEqual(script.commands, []);
    });

  describe('resubmitting', () => {
    let formerId: string;
    beforeEach(async () => {
      formerId = idOf(await place(postedOrder(), { 'idempotency-key': 'first' }));
    });
    const better = postedOrder('PO-1', { note: 'front door' });
    const resubmit = (body: object = better, headers: ApiRequest['headers'] = {}) =>
      post(`/api/v1/orders/${formerId}/resubmit`, { body, headers });

    it('tells the ended order first, then receives its successor, linked to it', async () => {
      const answer = await resubmit();
      const newId = orderIdOf(site.store.namespace, partner.partnerId, 'PO-1', 2);
      assert.equal(answer.status, 202);
      const body = orderResubmittedSchema.parse(answer.body);
      assert.equal(body.orderId, newId);
      assert.equal(body.resubmissionOf, formerId);
      assert.equal(body.links.resubmissionOf, `/api/v1/orders/${formerId}`);
      assert.equal(answer.headers?.['location'], `/api/v1/orders/${newId}`);
      const [{ data }] = (await site.store.readStream(orderStream(newId))) as any;
      assert.equal(data.submission, 2);
      assert.equal(data.resubmissionOf, formerId);
      assert.deepEqual(script.commands, [
        {
          stream: orderStream(formerId),
          command: { type: 'Resubmit', newOrderId: newId, fingerprint: data.fingerprint, by: `client:${partner.clientId}` },
        },
      ]);
    });

    it('answers a repeat with the same bytes, and refuses other content', async () => {
      const first = await resubmit();
      const repeat = await resubmit();
      assert.equal(JSON.stringify(repeat.body), JSON.stringify(first.body));
      assert.equal(repeat.headers?.['idempotent-replayed'], 'true');
      await assert.rejects(resubmit(postedOrder('PO-1', { note: 'back door' })), refusedWith('HUB_ORDER_RESUBMITTED'));
      assert.equal((await site.received(partner.partnerId)).length, 2);
    });

    it('completes, when repeated, what broke off between the two', async () => {
      appendFails = new StorageFullError(new Error('ENOSPC'));
      await assert.rejects(resubmit(), StorageFullError);
      appendFails = undefined;
      await assert.rejects(resubmit(postedOrder('PO-1', { note: 'back door' })), refusedWith('HUB_ORDER_RESUBMITTED'));
      const answer = await resubmit();
      assert.equal(answer.status, 202);
      assert.equal(answer.headers?.['idempotent-replayed'], undefined);
    });

    it('makes one order of 20 at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => resubmit()));
      assert.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1);
      assert.equal((await site.received(partner.partnerId)).length, 2);
    });

    it('can be done again with the successor', async () => {
      formerId = idOf(await resubmit());
      assert.equal(idOf(await resubmit()), orderIdOf(site.store.namespace, partner.partnerId, 'PO-1', 3));
    });

    it('keeps the order number', async () => {
      await assert.rejects(resubmit(postedOrder('PO-2')), (error) => {
        assert.ok(error instanceof ValidationError);
        assert.equal(error.extensions.errors[0]?.pointer, '#/orderNumber');
        return true;
      });
      assert.deepEqual(script.commands, []);
    });

    it("refuses another order's key before anything is decided", async () => {
      await assert.rejects(resubmit(better, { 'idempotency-key': 'first' }), refusedWith('HUB_IDEMPOTENCY_KEY_REUSED'));
      assert.deepEqual(script.commands, []);
      assert.equal((await resubmit(better, { 'idempotency-key': 'second' })).status, 202);
      assert.equal((await resubmit(better, { 'idempotency-key': 'second' })).headers?.['idempotent-replayed'], 'true');
    });

    it('passes on that the order has not ended', async () => {
      script.conflict = new ConflictError('HUB_ORDER_NOT_ENDED', 'the order has not ended');
      await assert.rejects(resubmit(), script.conflict);
      assert.equal((await site.received(partner.partnerId)).length, 1);
    });
  });
});
