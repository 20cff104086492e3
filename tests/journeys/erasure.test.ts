import assert from 'node:assert/strict';
import { HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { openScriptedErp, type ScriptedErp } from '../support/scripted-erp.ts';
import { orderIn, place } from './journey.ts';

const buyer = { id: 'C-9', name: 'Grace Hopper', email: 'grace@example.test' };
const ERASED = { buyer: { id: 'C-9', erased: true }, shipTo: { erased: true } };

describe('journey: a person is erased', () => {
  let erp: ScriptedErp;
  let erpIsUp = true;
  let hub: HubProcess;
  let earlier: string;
  let waiting: string;
  let subject: string;

  const erase = (body: object) => hub.client('operator').post('/api/v1/admin/erasures', body);

  before(async function () {
    erp = await openScriptedErp((_call, number) => (erpIsUp ? [201, { erpRef: `ERP-${number}` }] : [503, { error: 'come back later' }]));
    hub = await HubProcess.start({
      env: { ERP_URL: erp.url, HUB_BREAKER_OPEN: '200ms', HUB_ERP_RETRY_DELAYS: '50ms,50ms,50ms,50ms,50ms' },
    });
    const demo = hub.client('demo');
    earlier = await place(demo, anOrder('ERASE-1', { buyer }));
    await orderIn(demo, earlier, 'completed');
    erpIsUp = false;
    waiting = await place(demo, anOrder('ERASE-2', { buyer }));
    await orderIn(demo, waiting, 'waiting');
    await place(demo, anOrder('OTHER-1'));
  });
  after(async () => {
    await hub?.[Symbol.asyncDispose]();
    await erp?.[Symbol.asyncDispose]();
  });

  it('takes an operator, a person and a reason', async () => {
    const body = { partnerId: 'demo', buyerId: 'C-9', reason: 'asked for it' };
    for (const name of ['demo', 'auditor'] as const)
      assert.equal((await hub.client(name).post('/api/v1/admin/erasures', body)).status, 403, name);
    const { status, body: problem } = await erase({ partnerId: 'demo' });
    assert.equal(status, 422);
    assert.deepEqual(
      problem.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['#/buyerId', '#/reason'],
    );
  });

  it('says how many keys were destroyed; a stranger has none', async () => {
    const { status, body } = await erase({ partnerId: 'demo', buyerId: 'C-9', reason: 'ticket 4711' });
    assert.equal(status, 200);
    assert.equal(body.keys, 1);
    ({ subject } = body);
    const again = await erase({ partnerId: 'demo', buyerId: 'C-9', reason: 'ticket 4711' });
    assert.deepEqual([again.body.keys, again.body.subject], [0, subject]);
    const stranger = await erase({ partnerId: 'demo', buyerId: 'C-10', reason: 'mistyped' });
    assert.equal(stranger.body.keys, 0);
    assert.notEqual(stranger.body.subject, subject);
  });

  it('shows `erased` wherever the person was, to the partner and to auditors, and leaves everybody else alone', async () => {
    const demo = hub.client('demo');
    for (const path of [`/api/v1/orders/${earlier}`, `/api/v1/orders/${earlier}?revision=0`, `/api/v1/orders/${waiting}`]) {
      const { body } = await demo.get(path);
      assert.deepEqual({ buyer: body.buyer, shipTo: body.shipTo }, ERASED, path);
      assert.equal(body.note, undefined, path);
    }
    const { text } = await hub.client('auditor').get(`/api/v1/events?stream=order-${earlier}`);
    assert.deepEqual(JSON.parse(text.split('\n')[0]!).personal, { erased: true });
    const { body: others } = await demo.get('/api/v1/orders?orderNumber=OTHER-1');
    const { body: other } = await demo.get(others.items[0].links.self);
    assert.equal(other.buyer.name, 'Ada Keller');
  });

  it('gives another ETag, so that no cache goes on showing the person', async () => {
    const demo = hub.client('demo');
    const orderId = await place(demo, anOrder('ERASE-3', { buyer: { ...buyer, id: 'C-11' } }));
    const first = await demo.get(`/api/v1/orders/${orderId}?revision=0`);
    assert.equal(first.body.buyer.name, buyer.name);
    await erase({ partnerId: 'demo', buyerId: 'C-11', reason: 'ticket 4712' });
    const again = await demo.get(`/api/v1/orders/${orderId}?revision=0`, { 'if-none-match': first.headers.get('etag') ?? '' });
    assert.equal(again.status, 200);
    assert.equal(again.body.buyer.erased, true);
  });

  it('delivers what was under way without personal data, through a restart', async () => {
    await hub.stop();
    await hub.startAgain();
    erpIsUp = true;
    await orderIn(hub.client('demo'), waiting, 'completed');
    const delivered = erp.calls.filter(({ body }) => body?.externalOrderId === waiting).at(-1)?.body;
    assert.equal(delivered.customerId, 'C-9');
    assert.deepEqual([delivered.buyer, delivered.shipTo], [undefined, undefined]);
  });

  it('is recorded without saying whom, breaks no proof, and a later order of the same buyer is readable', async () => {
    const auditor = hub.client('auditor');
    const { text } = await auditor.get('/api/v1/events?stream=hub&type=SubjectErased');
    const [event] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(event.data, { partnerId: 'demo', subject, keys: 1, by: 'client:operator', reason: 'ticket 4711' });
    assert.ok(!text.includes('C-9'));
    const verified = await auditor.post('/api/v1/admin/audit/verify');
    assert.equal(JSON.parse(verified.text.trim().split('\n').at(-1)!).intact, true);
    const demo = hub.client('demo');
    const later = await orderIn(demo, await place(demo, anOrder('ERASE-4', { buyer })), 'completed');
    assert.equal(later.buyer.name, buyer.name);
  });
});
