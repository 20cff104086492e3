import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { Webhook } from 'standardwebhooks';
import { answering, TAKING, WebhookReceiver } from '../support/webhook-receiver.ts';
import { journeyHub, orderIn, place } from './journey.ts';

const PATH = '/api/v1/webhooks';

describe('journey: what became of every message can be seen, and mended', () => {
  const journey = journeyHub({ env: { HUB_WEBHOOK_RETRY_DELAYS: '20ms,40ms', HUB_WEBHOOK_TIMEOUT: '10s' } });
  let receiver: WebhookReceiver;
  before(async () => (receiver = await WebhookReceiver.start()));
  after(() => receiver?.[Symbol.asyncDispose]());

  const demo = () => journey.hub.client('demo');
  const subscribe = async (path: string, settings: object = {}): Promise<string> => {
    const answer = await demo().post(PATH, { url: receiver.url(path), types: ['order.completed'], ...settings });
    assert.equal(answer.status, 201, answer.text);
    return answer.body.subscriptionId;
  };
  const deliveries = async (subscriptionId: string, query: string, enough: (items: readonly any[]) => boolean): Promise<readonly any[]> => {
    const { body } = await until(
      `deliveries ${query}`,
      () => demo().get(`${PATH}/${subscriptionId}/deliveries?${query}`),
      (answer) => enough(answer.body.items),
    );
    return body.items;
  };
  const shown = async (item: { links: { self: string } }) => (await demo().get(item.links.self)).body;

  it('lists messages with their state, and shows request, answer and latency of each attempt', async () => {
    const subscriptionId = await subscribe('/list', { types: ['order.received', 'order.completed'] });
    const orderId = await place(demo(), anOrder('SEEN-1'));
    const items = await deliveries(subscriptionId, `orderId=${orderId}&status=delivered`, ({ length }) => length === 2);
    assert.deepEqual(new Set(items.map(({ type }) => type)), new Set(['order.received', 'order.completed']));
    const detail = await shown(items.find(({ type }) => type === 'order.completed'));
    const [got] = receiver.at('/list').filter(({ body }) => body.type === 'order.completed');
    assert.equal(detail.request.body, got!.text);
    assert.equal(detail.request.url, receiver.url('/list'));
    assert.deepEqual(
      detail.history.map(({ kind, outcome, status, attempt }: any) => [kind, outcome, status, attempt]),
      [
        ['requested', undefined, undefined, undefined],
        ['attempt', 'delivered', 204, 1],
      ],
    );
    assert.equal(typeof detail.history[1].latencyMs, 'number');
    const first = await demo().get(`${PATH}/${subscriptionId}/deliveries?limit=1`);
    const second = await demo().get(`${PATH}/${subscriptionId}/deliveries?limit=1&cursor=${first.body.next}`);
    assert.notEqual(first.body.items[0].messageId, second.body.items[0].messageId);
  });

  it('keeps a message that was never taken as a dead letter, with what the endpoint said, and resends it', async () => {
    const subscriptionId = await subscribe('/dead');
    receiver.answers.set('/dead', answering(500, {}, 'no such customer: ada@example.test'));
    const orderId = await place(demo(), anOrder('SEEN-2'));
    const [item] = await deliveries(subscriptionId, 'status=dead-lettered', ({ length }) => length === 1);
    assert.deepEqual([item.attempts, item.lastStatus, item.orderId], [3, 500, orderId]);
    const detail = await shown(item);
    assert.equal(detail.history.at(-1).excerpt, 'no such customer: […]');

    receiver.answers.set('/dead', TAKING);
    const resent = await demo().post(`${PATH}/${subscriptionId}/deliveries/${item.messageId}/resend`, { reason: 'the shop is back' });
    assert.equal(resent.status, 202, resent.text);
    await deliveries(subscriptionId, 'status=delivered', ({ length }) => length === 1);
    const again = await shown(item);
    assert.deepEqual(
      again.history.slice(-2).map(({ kind, outcome, by }: any) => [kind, outcome, by]),
      [
        ['resent', undefined, 'client:demo'],
        ['attempt', 'delivered', undefined],
      ],
    );
    assert.equal(receiver.at('/dead').at(-1)!.headers['webhook-id'], item.messageId);
  });

  it('shows operators dead letters of webhooks beside all others, and redrives them', async () => {
    const operator = journey.hub.client('operator');
    const subscriptionId = await subscribe('/redriven');
    receiver.answers.set('/redriven', answering(500));
    const orderId = await place(demo(), anOrder('SEEN-3'));
    const found = await until(
      'the dead letter',
      () => operator.get('/api/v1/admin/dead-letters?origin=webhook'),
      ({ body }) => body.items.some(({ objectId }: any) => objectId === orderId),
    );
    const letter = found.body.items.find(({ objectId }: any) => objectId === orderId);
    assert.deepEqual([letter.cause, letter.attempts, letter.payload.type], ['http-500', 3, 'order.completed']);
    receiver.answers.set('/redriven', TAKING);
    const redriven = await operator.post(`/api/v1/admin/dead-letters/${letter.deadLetterId}/redrive`, { reason: 'mended' });
    assert.equal(redriven.status, 202, redriven.text);
    await deliveries(subscriptionId, 'status=delivered', ({ length }) => length === 1);
  });

  it('recovers what was missed since a time, and leaves alone what was delivered', async () => {
    const since = new Date().toISOString();
    const before = await place(demo(), anOrder('SEEN-4'));
    await orderIn(demo(), before, 'completed');
    const subscriptionId = await subscribe('/recovered');
    const told = await place(demo(), anOrder('SEEN-5'));
    await deliveries(subscriptionId, `orderId=${told}&status=delivered`, ({ length }) => length === 1);
    await demo().post(`${PATH}/${subscriptionId}/disable`, { reason: 'the shop moves' });
    const missed = await place(demo(), anOrder('SEEN-6'));
    await orderIn(demo(), missed, 'completed');
    const refused = await demo().post(`${PATH}/${subscriptionId}/recover`, { since });
    assert.deepEqual([refused.status, refused.body.code], [409, 'HUB_SUBSCRIPTION_DISABLED']);
    await demo().post(`${PATH}/${subscriptionId}/enable`);
    const asked = await demo().post(`${PATH}/${subscriptionId}/recover`, { since });
    assert.equal(asked.status, 202, asked.text);
    const { body } = await until(
      'the recovery',
      () => demo().get(`${PATH}/${subscriptionId}`),
      (answer) => answer.body.recoveries.at(-1)?.finished !== undefined,
    );
    assert.deepEqual([body.recoveries[0].finished.requested, body.recoveries[0].finished.resent], [2, 0]);
    await deliveries(subscriptionId, 'status=delivered', ({ length }) => length === 3);
    assert.deepEqual(
      receiver
        .at('/recovered')
        .map((one) => one.body.data.orderId)
        .toSorted(byText),
      [before, told, missed].toSorted(byText),
    );
  });

  it('sends a test that tells at once what came of it, and is not repeated', async () => {
    const { body: created } = await demo().post(PATH, { url: receiver.url('/tested') });
    const good = await demo().call('POST', `${PATH}/${created.subscriptionId}/test`, { headers: { prefer: 'wait=10' } });
    assert.deepEqual([good.status, good.body.status, good.body.attempt.status], [202, 'delivered', 204]);
    const [message] = await receiver.until('/tested', ({ length }) => length === 1);
    const { type, data } = new Webhook(created.secret).verify(message!.text, message!.headers) as any;
    assert.deepEqual([type, data], ['webhook.test', { subscriptionId: created.subscriptionId }]);
    receiver.answers.set('/tested', answering(404));
    const bad = await demo().call('POST', `${PATH}/${created.subscriptionId}/test`, { headers: { prefer: 'wait=10' } });
    assert.deepEqual([bad.body.status, bad.body.attempt.reason], ['discarded', 'the endpoint answered 404']);
    assert.equal(receiver.at('/tested').length, 2);
  });

  it('keeps the order of one order’s messages without holding up another order', async () => {
    const types = ['order.received', 'order.processing', 'order.completed'];
    await subscribe('/ordered', { ordered: true, types });
    const held = await place(demo(), anOrder('SEEN-HELD'));
    let refusals = 0;
    receiver.answers.set('/ordered', (response, received) => {
      const refuses = received.body.data.orderId === held && received.body.type === 'order.received' && refusals < 2;
      if (refuses) refusals += 1;
      (refuses ? answering(503) : TAKING)(response, received);
    });
    const free = await place(demo(), anOrder('SEEN-FREE'));
    const takenOf = (orderId: string) => {
      const all = receiver.at('/ordered').filter(({ body }) => body.data.orderId === orderId);
      return all
        .filter((one, index) => all.findLastIndex(({ body }) => body.type === one.body.type) === index)
        .map(({ body }) => body.type);
    };
    await receiver.until('/ordered', () => takenOf(held).length === 3 && takenOf(free).length === 3);
    assert.deepEqual(takenOf(held), types);
    assert.deepEqual(takenOf(free), types);
  });

  it('shows on the order and its timeline who was told, and changes its ETag when somebody was', async () => {
    const subscriptionId = await subscribe('/told');
    receiver.answers.set('/told', answering(500));
    const orderId = await place(demo(), anOrder('SEEN-7'));
    const dead = await until(
      'the dead letter on the order',
      () => demo().get(`/api/v1/orders/${orderId}`),
      ({ body }) => body.webhooks?.deadLettered === 1,
    );
    assert.equal(dead.body.status, 'completed');
    const [item] = await deliveries(subscriptionId, 'status=dead-lettered', ({ length }) => length === 1);
    receiver.answers.set('/told', TAKING);
    await demo().post(`${PATH}/${subscriptionId}/deliveries/${item.messageId}/resend`);
    const well = await until(
      'the message on the order',
      () => demo().get(`/api/v1/orders/${orderId}`),
      ({ body }) => body.webhooks?.deadLettered === 0 && body.webhooks.delivered > 0,
    );
    assert.notEqual(well.headers.get('etag'), dead.headers.get('etag'));
    const { body: timeline } = await demo().get(`/api/v1/orders/${orderId}/timeline`);
    const told = timeline.entries.filter(({ area, detail }: any) => area === 'webhook' && detail.includes(subscriptionId));
    assert.deepEqual(
      told.map(({ title }: any) => title),
      ['Subscriber not reached', 'Subscriber not reached', 'Subscriber given up', 'Message sent again', 'Subscriber told'],
    );
  });
});

const byText = (left: string, right: string): number => (left < right ? -1 : 1);
