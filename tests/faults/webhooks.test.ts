import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { answering, type Answering, WebhookReceiver } from '../support/webhook-receiver.ts';

const PATH = '/api/v1/webhooks';
const ORDERS = 60;

/** Never a byte of an answer. */
const HANGING: Answering = () => {};
/** An answer that goes on as long as somebody reads it. */
const ENDLESS: Answering = (response) => {
  response.writeHead(200);
  const more = (error?: Error | null): void => {
    if (!error && !response.destroyed) response.write('x'.repeat(16_384), more);
  };
  more();
};
const GARBAGE: Answering = (response) => void response.socket?.end('\u0000\u0001 this is no HTTP\r\n\r\n');

describe('faults: subscribers that misbehave, and a hub that dies', () => {
  let hub: HubProcess;
  let receiver: WebhookReceiver;
  beforeEach(async function () {
    receiver = await WebhookReceiver.start();
    hub = await HubProcess.start({ env: { HUB_WEBHOOK_TIMEOUT: '2s', HUB_WEBHOOK_RETRY_DELAYS: '100ms,200ms,400ms,800ms' } });
  });
  afterEach(async () => {
    await hub?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  const subscribe = async (path: string): Promise<string> => {
    const { status, text, body } = await hub.client('demo').post(PATH, { url: receiver.url(path), types: ['order.completed'] });
    assert.equal(status, 201, text);
    return body.subscriptionId;
  };
  const post = (number: number) => hub.client('demo').post('/api/v1/orders', anOrder(`FAULT-${number}`));
  const ordersAt = (path: string): Set<string> => new Set(receiver.at(path).map(({ body }) => body.data.orderNumber));

  it('tells a subscriber within moments while others hang, never end, talk garbage or point inside', async () => {
    let inside = 0;
    receiver.answers.set('/inside', (response) => ((inside += 1), void response.end()));
    const bad: Readonly<Record<string, Answering>> = {
      '/hanging': HANGING,
      '/endless': ENDLESS,
      '/garbage': GARBAGE,
      '/redirecting': answering(307, { location: receiver.url('/inside') }),
    };
    for (const [path, answer] of Object.entries(bad)) {
      receiver.answers.set(path, answer);
      await subscribe(path);
    }
    await subscribe('/well');
    for (let number = 0; number < ORDERS; number++) assert.equal((await post(number)).status, 202);
    const told = await receiver.until('/well', () => ordersAt('/well').size === ORDERS);
    const delays = told.map(({ atMs, body }) => atMs - Date.parse(body.timestamp)).toSorted((left, right) => left - right);
    // A hanging endpoint holds a call for 2 s: whoever waited for one would be told that much later.
    assert.ok(delays.at(-1)! < 2_000, `the last one was told after ${delays.at(-1)} ms`);
    assert.equal(inside, 0);
  });

  it('tells everything at least once, under one id, although it is killed in the middle of it', async () => {
    const subscriptionId = await subscribe('/told');
    receiver.answers.set('/told', (response) => void setTimeout(() => response.writeHead(204).end(), 20));
    const posting = (async () => {
      for (let number = 0; number < ORDERS; number++)
        await until(
          `order ${number} being accepted`,
          () => post(number),
          ({ status }) => status === 202,
        );
    })();
    for (const before of [10, 30]) {
      await receiver.until('/told', () => ordersAt('/told').size >= before);
      await hub.kill();
      await hub.startAgain();
    }
    await posting;
    await receiver.until('/told', () => ordersAt('/told').size === ORDERS);
    const ids = new Map<string, Set<string>>();
    for (const { headers, body } of receiver.at('/told')) {
      const known = ids.get(body.data.orderNumber) ?? new Set();
      ids.set(body.data.orderNumber, known.add(headers['webhook-id']!));
    }
    assert.ok([...ids.values()].every(({ size }) => size === 1));
    const answer = await until(
      'all of it being recorded',
      () => hub.client('demo').get(`${PATH}/${subscriptionId}/deliveries?status=delivered&limit=200`),
      ({ body }) => body.items.length === ORDERS,
    );
    assert.equal(new Set(answer.body.items.map(({ orderId }: any) => orderId)).size, ORDERS);
  });

  it('disables a subscription whose endpoint took nothing for too long, although it was restarted meanwhile, and starts again when told to', async () => {
    await hub.stop();
    await hub.startAgain({ HUB_WEBHOOK_DISABLE_AFTER: '1s' });
    const subscriptionId = await subscribe('/dead');
    receiver.answers.set('/dead', answering(500));
    const shown = () => hub.client('demo').get(`${PATH}/${subscriptionId}`);
    await post(1);
    const failing = await until('the endpoint failing', shown, ({ body }) => body.failing !== undefined || body.status === 'disabled');
    assert.equal(failing.body.failing.reason, 'the endpoint answered 500');
    await hub.kill();
    await hub.startAgain({ HUB_WEBHOOK_DISABLE_AFTER: '1s' });
    await until(
      'a second behind',
      () => Promise.resolve(Date.now() - Date.parse(failing.body.failing.since)),
      (ms) => ms > 1_000,
    );
    await post(2);
    const disabled = await until('the end', shown, ({ body }) => body.status === 'disabled');
    assert.equal(disabled.body.disabled.cause, 'failing');
    assert.match(disabled.body.disabled.reason, new RegExp(`nothing but failure since ${failing.body.failing.since}`));
    receiver.answers.delete('/dead');
    const enabled = await hub.client('demo').post(`${PATH}/${subscriptionId}/enable`);
    assert.deepEqual([enabled.body.status, enabled.body.failing], ['enabled', undefined]);
    await hub.client('demo').post(`${PATH}/${subscriptionId}/recover`, { since: failing.body.createdAt });
    await receiver.until('/dead', () => ordersAt('/dead').size === 2);
  });
});
