import assert from 'node:assert/strict';
import { openOtlpReceiver, type OtlpReceiver } from '@sagahub/adapters/telemetry/testing/otlp-receiver.ts';
import { ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { type ErpCall, openScriptedErp, type ScriptedErp } from '../support/scripted-erp.ts';
import { type JourneyHub, orderIn, place, startHub } from './journey.ts';

/** Every personal field of an order, each with a word that stands nowhere else. */
const PERSON = {
  buyer: { id: 'C-77', name: 'Xavierina Canarybird', email: 'canarymail@example.test', taxId: 'CANARYTAX77' },
  shipTo: { name: 'Canarydock Ltd', street: '12 Canarystreet', city: 'Canarytown', postalCode: 'CANPC7', country: 'FR' },
  note: 'ring twice at canarygate',
};
const CANARIES = [
  'Xavierina',
  'Canarybird',
  'canarymail',
  'CANARYTAX77',
  'Canarydock',
  'Canarystreet',
  'Canarytown',
  'CANPC7',
  'canarygate',
  'canarysecret',
  'test-secret-of-the-', // the demo clients'
];

/** Repeats in every refusal what it was sent, as some ERPs do. */
const openGossipingErp = (): Promise<ScriptedErp> => {
  const gossipOf = ({ buyer, shipTo }: ErpCall['body']) => `${buyer.name.toUpperCase()} <${buyer.email}> of ${JSON.stringify(shipTo)}`;
  return openScriptedErp(({ method, body }) => {
    if (method === 'GET') return [200, []];
    if (body.orderNumber.startsWith('REFUSED')) return [422, { error: `blocked: ${gossipOf(body)}` }];
    if (body.orderNumber.startsWith('FAILED')) return [500, { error: `no luck with ${gossipOf(body)}` }];
    return [201, { erpRef: body.externalOrderId }];
  });
};

describe('journey: personal data and secrets stand nowhere in clear', () => {
  let erp: ScriptedErp;
  let receiver: OtlpReceiver;
  let hub: JourneyHub;

  before(async function () {
    erp = await openGossipingErp();
    receiver = await openOtlpReceiver();
    hub = await startHub(this, {
      env: {
        ERP_URL: erp.url,
        ERP_AUTH: 'bearer',
        ERP_TOKEN: 'canarysecret-of-the-erp',
        HUB_ERP_RETRY_DELAYS: '50ms',
        HUB_ERP_TIMEOUT: '10s', // a call that is given up would repeat nothing of what it was sent
        HUB_LOG_LEVEL: 'debug',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      },
    });
    const demo = hub.client('demo');
    const numbers = ['DONE-1', 'REFUSED-1', 'FAILED-1'];
    const [done, refused, failed] = await Promise.all(numbers.map((number) => place(demo, anOrder(number, PERSON))));
    await orderIn(demo, done!, 'completed');
    await orderIn(demo, refused!, 'rejected');
    await orderIn(demo, failed!, 'stuck');
    await demo.get(`/api/v1/orders/${done}`);
    // What is refused at the door must not be written down either.
    await demo.post('/api/v1/orders', anOrder('BAD', { ...PERSON, colour: 'canarygate' }));
    await demo.post('/api/v1/orders', `{"buyer": {"name": "Canarybird"`);
    await fetch(`${hub.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'demo', client_secret: 'canarysecret-misspelt' }),
    });
    await until(
      'the dead letter',
      () => hub.client('operator').get('/api/v1/admin/dead-letters'),
      ({ body }) => body.items.length === 1,
    );
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
    await erp?.[Symbol.asyncDispose]();
  });

  const assertClean = (what: string, bytes: Buffer | string): void => {
    const haystack = (typeof bytes === 'string' ? bytes : bytes.toString('latin1')).toLowerCase();
    const found = CANARIES.filter((canary) => haystack.includes(canary.toLowerCase()));
    assert.deepEqual(found, [], what);
  };
  const assertStoredClean = async (): Promise<void> => {
    const stored = await hub.stored();
    for (const { name, bytes } of stored) assertClean(name, bytes);
    const filled = stored.filter(({ bytes }) => bytes.length > 0);
    assert.ok(filled.length >= 3, filled.map(({ name }) => name).join(', '));
  };

  it('is shown to the partner it belongs to', async () => {
    const demo = hub.client('demo');
    const { body } = await demo.get('/api/v1/orders?orderNumber=DONE-1');
    const { body: order } = await demo.get(`/api/v1/orders/${body.items[0].orderId}`);
    assert.deepEqual([order.buyer, order.shipTo, order.note], [PERSON.buyer, PERSON.shipTo, PERSON.note]);
  });

  it('is in nothing the hub has stored, write-ahead logs included, while it runs and after it has stopped', async () => {
    await assertStoredClean();
    await hub.stop();
    await assertStoredClean();
    await hub.startAgain();
  });

  it('is in nothing the hub prints, measures or traces', async () => {
    assert.ok(hub.output.includes('attempt refused'), 'the hub did print about these orders');
    assertClean('output', hub.output);
    assertClean('metrics', await (await fetch(`${hub.managementUrl}/metrics`)).text());
    assert.ok(receiver.spans().some(({ name }) => name === 'hub.connector.call'));
    assertClean('traces', JSON.stringify(receiver.spans()));
  });

  it('is in nothing an operator or an auditor of another tenant reads without the scope for it', async () => {
    await hub.client('operator').post('/api/v1/admin/partners', { partnerId: 'agency', name: 'Agency' });
    const client = { clientId: 'agency-1', scopes: ['admin', 'audit:read'] };
    const { body: created } = await hub.client('operator').post('/api/v1/admin/partners/agency/clients', client);
    const agency = new ApiClient(() => hub.url, created.clientId, created.clientSecret);

    const { body: letters } = await agency.get('/api/v1/admin/dead-letters');
    assert.match(letters.items[0].reason, /^answered 500: no luck with \[personal data\]/);
    const { body: page } = await agency.get('/api/v1/admin/orders');
    const links = page.items.flatMap((order: { links: { self: string; timeline: string } }) => [order.links.self, order.links.timeline]);
    assert.equal(links.length, 6);
    const letter = `/api/v1/admin/dead-letters/${letters.items[0].deadLetterId}`;
    for (const path of [...links, letter, '/api/v1/admin/dead-letters/causes', '/api/v1/admin/breakers', '/api/v1/events']) {
      const answer = await agency.get(path);
      assert.equal(answer.status, 200, answer.text);
      assertClean(path, answer.text);
    }
  });
});
