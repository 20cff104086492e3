import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { answering, TAKING, WebhookReceiver } from '../support/webhook-receiver.ts';
import { journeyHub, place } from './journey.ts';

const PATH = '/api/v1/webhooks';

describe('journey: an endpoint is mended long before the next attempt', () => {
  const journey = journeyHub({ env: { HUB_WEBHOOK_RETRY_DELAYS: '1h' } });
  let receiver: WebhookReceiver;
  before(async () => (receiver = await WebhookReceiver.start()));
  after(() => receiver?.[Symbol.asyncDispose]());

  it('recovers what waits for a later attempt, too: at once, as the same message', async () => {
    const demo = journey.hub.client('demo');
    receiver.answers.set('/mended', answering(500));
    const since = new Date().toISOString();
    const { body: subscription } = await demo.post(PATH, { url: receiver.url('/mended'), types: ['order.completed'] });
    const itself = `${PATH}/${subscription.subscriptionId}`;
    const statusIs = (status: string) =>
      until(
        `the message being ${status}`,
        () => demo.get(`${itself}/deliveries?status=${status}`),
        ({ body }) => body.items.length === 1,
      );
    await place(demo, anOrder('MENDED-1'));
    await statusIs('retrying');
    receiver.answers.set('/mended', TAKING);

    assert.equal((await demo.post(`${itself}/recover`, { since })).status, 202);
    await statusIs('delivered');
    const { body } = await until(
      'the recovery',
      () => demo.get(itself),
      (answer) => answer.body.recoveries.at(-1)?.finished !== undefined,
    );
    const { requested, resent } = body.recoveries[0].finished;
    assert.deepEqual([requested, resent], [0, 1]);
    const [failed, taken] = receiver.at('/mended').map(({ headers }) => headers['webhook-id']);
    assert.equal(taken, failed);
  });
});
