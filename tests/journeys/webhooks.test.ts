import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { answering, type ReceivedWebhook, TAKING, WebhookReceiver } from '../support/webhook-receiver.ts';
import { journeyHub, orderIn, place } from './journey.ts';

const PATH = '/api/v1/webhooks';

describe('journey: subscribers are told', () => {
  const journey = journeyHub({ env: { HUB_WEBHOOK_RETRY_DELAYS: '50ms,100ms', HUB_WEBHOOK_TIMEOUT: '10s' } });
  let receiver: WebhookReceiver;
  before(async () => (receiver = await WebhookReceiver.start()));
  after(() => receiver?.[Symbol.asyncDispose]());

  const subscribe = async (path: string, settings: object = {}) => {
    const answer = await journey.hub.client('demo').post(PATH, { url: receiver.url(path), ...settings });
    assert.equal(answer.status, 201, answer.text);
    return answer.body as { subscriptionId: string; secret: string };
  };
  const verified = (secret: string, { text, headers }: ReceivedWebhook) => new Webhook(secret).verify(text, headers) as any;
  const typesAt = (path: string, orderId: string) =>
    receiver
      .at(path)
      .filter(({ body }) => body.data.orderId === orderId)
      .map(({ body }) => body.type);

  it('gets what happens to its orders, signed, with the type and time of what happened', async () => {
    const { secret } = await subscribe('/all');
    const demo = journey.hub.client('demo');
    const orderId = await place(demo, anOrder('HOOK-1'));
    await receiver.until('/all', () => typesAt('/all', orderId).length === 3);
    assert.deepEqual(new Set(typesAt('/all', orderId)), new Set(['order.received', 'order.processing', 'order.completed']));
    const order = await orderIn(demo, orderId, 'completed');
    const completed = receiver.at('/all').find(({ body }) => body.type === 'order.completed')!;
    assert.deepEqual(verified(secret, completed), {
      type: 'order.completed',
      timestamp: order.endedAt,
      data: {
        orderId,
        orderNumber: 'HOOK-1',
        currency: 'EUR',
        subtotal: order.subtotal,
        total: order.total,
        receivedAt: order.receivedAt,
        links: { self: `/api/v1/orders/${orderId}` },
        status: 'completed',
        erpRef: order.erpRef,
      },
    });
    assert.throws(
      () => new Webhook('whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=').verify(completed.text, completed.headers),
      WebhookVerificationError,
    );
    assert.ok(!receiver.received.some(({ text }) => /Keller|ada@example|Harbour/.test(text)), 'no personal data leaves');
  });

  it('gets only the types it asked for', async () => {
    await subscribe('/completed', { types: ['order.completed'] });
    const orderId = await place(journey.hub.client('demo'), anOrder('HOOK-2'));
    await receiver.until('/completed', (received) => received.length > 0);
    await receiver.until('/all', () => typesAt('/all', orderId).length === 3);
    assert.deepEqual(typesAt('/completed', orderId), ['order.completed']);
  });

  it('signs with both secrets while a rotation overlaps, and with the new one alone without an overlap', async () => {
    const { subscriptionId, secret: first } = await subscribe('/rotated', { types: ['order.received'] });
    const demo = journey.hub.client('demo');
    const rotate = async (overlapSeconds: number): Promise<string> => {
      const answer = await demo.post(`${PATH}/${subscriptionId}/rotate-secret`, { overlapSeconds });
      assert.equal(answer.status, 200, answer.text);
      return answer.body.secret;
    };
    const second = await rotate(60);
    await place(demo, anOrder('HOOK-3'));
    const [both] = await receiver.until('/rotated', ({ length }) => length === 1);
    assert.equal(both!.headers['webhook-signature']!.split(' ').length, 2);
    for (const secret of [first, second]) verified(secret, both!);
    const third = await rotate(0);
    await place(demo, anOrder('HOOK-4'));
    const [, alone] = await receiver.until('/rotated', ({ length }) => length === 2);
    verified(third, alone!);
    assert.throws(() => verified(second, alone!), WebhookVerificationError);
  });

  it('tries again what was not taken: the same message with a signature of its own', async () => {
    const { secret } = await subscribe('/flaky', { types: ['order.received'] });
    receiver.answers.set('/flaky', (response, received) =>
      (receiver.at('/flaky').length < 3 ? answering(503) : TAKING)(response, received),
    );
    await place(journey.hub.client('demo'), anOrder('HOOK-5'));
    const attempts = await receiver.until('/flaky', ({ length }) => length === 3);
    assert.equal(new Set(attempts.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.equal(new Set(attempts.map(({ text }) => text)).size, 1);
    for (const attempt of attempts) verified(secret, attempt);
  });

  it('ends the subscription whose endpoint says that it is gone', async () => {
    const { subscriptionId } = await subscribe('/gone', { types: ['order.received'] });
    receiver.answers.set('/gone', answering(410));
    const demo = journey.hub.client('demo');
    await place(demo, anOrder('HOOK-6'));
    await receiver.until('/gone', ({ length }) => length === 1);
    const answer = await untilStatus(subscriptionId, 'disabled');
    assert.equal(answer.disabled.cause, 'gone');
    const enabled = await demo.post(`${PATH}/${subscriptionId}/enable`);
    assert.deepEqual([enabled.status, enabled.body.status], [200, 'enabled']);
  });

  it('follows no redirect', async () => {
    await subscribe('/redirecting', { types: ['order.received'] });
    receiver.answers.set('/redirecting', answering(302, { location: receiver.url('/elsewhere') }));
    await place(journey.hub.client('demo'), anOrder('HOOK-7'));
    await receiver.until('/redirecting', ({ length }) => length === 3);
    assert.deepEqual(receiver.at('/elsewhere'), []);
  });

  it('refuses endpoints that the hub must not call, naming the field', async () => {
    for (const url of [
      'http://10.0.0.1/x',
      'https://169.254.169.254/latest',
      'https://[::ffff:10.0.0.1]/',
      'https://0x0a000001/',
      'ftp://a.example/',
      'https://u:p@a.example/',
    ]) {
      const { status, body } = await journey.hub.client('demo').post(PATH, { url });
      assert.deepEqual([status, body.errors[0].pointer], [422, '#/url'], url);
    }
  });

  it('shows a partner its own subscriptions alone, and an operator all', async () => {
    const operator = journey.hub.client('operator');
    const { body } = await operator.get(PATH);
    assert.ok(body.items.length >= 6);
    assert.ok(body.items.every((item: object) => !('secret' in item)));
    const deleted = await journey.hub.client('demo').call('DELETE', `${PATH}/${body.items[0].subscriptionId}`);
    assert.equal(deleted.status, 204);
    assert.equal((await operator.get(`${PATH}/${body.items[0].subscriptionId}`)).status, 404);
  });

  const untilStatus = async (subscriptionId: string, status: string): Promise<any> => {
    const found = await until(
      `subscription becoming ${status}`,
      () => journey.hub.client('demo').get(`${PATH}/${subscriptionId}`),
      ({ body }) => body.status === status,
    );
    return found.body;
  };
});
