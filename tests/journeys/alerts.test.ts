import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { Webhook } from 'standardwebhooks';
import { type JourneyHub, orderIn, place, startHub } from './journey.ts';

const SECRET = 'a secret of some length';

/** Whoever is to be told. */
class Receiver {
  status = 200;
  readonly posts: { readonly headers: IncomingHttpHeaders; readonly body: any; readonly text: string; readonly taken: boolean }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        const { status } = this;
        this.posts.push({ headers: request.headers, body: JSON.parse(text), text, taken: status === 200 });
        response.writeHead(status).end();
      });
    });
  }
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alerts`;
  }
  about(orderId: string) {
    return this.posts.filter(({ body }) => body.data.orderId === orderId);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('journey: somebody is told', () => {
  const receiver = new Receiver();
  let hub: JourneyHub;
  before(async function () {
    const env = {
      HUB_ALERT_URL: await receiver.start(),
      HUB_ALERT_SECRET: SECRET,
      HUB_ERP_RETRY_DELAYS: '10ms',
      HUB_BREAKER_FAILURES: '1000',
      HUB_BREAKER_MINIMUM_CALLS: '100000',
    };
    hub = await startHub(this, { env });
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });
  const stuckOrder = async (orderNumber: string): Promise<string> => {
    await hub.erp.behave({ failureRate: 1 });
    const orderId = await place(hub.client('demo'), anOrder(orderNumber));
    await orderIn(hub.client('demo'), orderId, 'stuck');
    await hub.erp.behave(WELL_BEHAVED);
    return orderId;
  };
  const told = (orderId: string, count: number) =>
    until(
      `${count} alerts about the order`,
      () => Promise.resolve(receiver.about(orderId)),
      (posts) => posts.length >= count,
    );

  it('once of an order that gets stuck, signed, with cause and dead letter, and nothing personal', async () => {
    const orderId = await stuckOrder('TOLD-1');
    const [post] = await told(orderId, 1);
    const { body, text, headers } = post!;
    assert.deepEqual([body.type, body.data.cause, body.data.partnerId], ['order.stuck', 'erp:http-500', 'demo']);
    assert.equal(body.data.links.order, `/api/v1/orders/${orderId}`);
    assert.ok(body.data.deadLetterId);
    assert.doesNotMatch(text, /Ada|ada@|Harbour/);
    new Webhook(SECRET, { format: 'raw' }).verify(text, headers as Record<string, string>);
    assert.equal(headers['webhook-id'], body.id);
    await hub.client('operator').post('/api/v1/admin/breakers/erp/open', { reason: 'maintenance' });
    await until(
      'the breaker being told of',
      () => Promise.resolve(receiver.posts),
      (posts) => posts.some(({ body: { type, data } }) => type === 'breaker.opened' && data.connector === 'erp'),
    );
    await hub.client('operator').post('/api/v1/admin/breakers/erp/close', { reason: 'done' });
    assert.equal(receiver.about(orderId).length, 1);
  });

  it('again until somebody takes it, through a kill, under the same id', async () => {
    receiver.status = 503;
    const orderId = await stuckOrder('TOLD-2');
    await told(orderId, 1);
    await hub.kill();
    receiver.status = 200;
    await hub.startAgain();
    const posts = await until(
      'the alert being taken',
      () => Promise.resolve(receiver.about(orderId)),
      (found) => found.some(({ taken }) => taken),
    );
    assert.equal(new Set(posts.map(({ body }) => body.id)).size, 1);
    const { id } = posts[0]!.body;
    const events = await until(
      'the history saying so',
      () => hub.client('auditor').get(`/api/v1/events?stream=alert-${id}`),
      ({ text }) => text.includes('AlertDelivered'),
    );
    assert.equal(events.text.split('"type":"AlertRaised"').length, 2);
  });
});
