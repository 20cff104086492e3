import assert from 'node:assert/strict';
import { StorageFullError } from '@sagahub/contracts/errors.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import type { HubSeams } from '@sagahub/hub/hub.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { gatherEvidence } from './evidence.ts';
import { HubHere } from './hub-here.ts';
import { brokenPromises } from './invariants.ts';
import { replacing, withPort } from './seams.ts';

const full = () => Promise.reject(new StorageFullError(new Error('no space left on device')));

/** The database of the log cannot grow: what SQLite does on a full disk, at the same place. */
const shrinkableLog = () => {
  let limitPages: ((pages: number) => void) | undefined;
  const seams: HubSeams = {
    log: (log) => {
      limitPages = (pages) => log.writer.limitPages(pages);
      return log;
    },
  };
  return { seams, fill: () => limitPages!(1), free: () => limitPages!(0) };
};

describe('a full disk', () => {
  it('answers 503 on intake and says when to come back, goes on reading, and recovers without a restart', async () => {
    const disk = shrinkableLog();
    await using hub = await HubHere.start({ ...disk.seams, erp: { outage: 'unavailable' } });
    const waiting = await Promise.all(Array.from({ length: 10 }, (_, index) => hub.post(`PO-${index}`)));
    await hub.orderIn(waiting[0]!, 'waiting');
    disk.fill();
    let number = 100;
    const refused = await until(
      'the disk being full',
      async () => {
        const orderNumber = `PO-${number++}`;
        const answer = await hub.demo.post('/api/v1/orders', anOrder(orderNumber, { note: 'x'.repeat(400) }));
        if (answer.status === 202) hub.witness.accept({ orderId: answer.body.orderId, orderNumber, submission: 1 }, '');
        return answer;
      },
      ({ status }) => status === 503,
    );
    assert.equal(refused.body.code, 'HUB_STORAGE_FULL');
    assert.ok(Number(refused.headers.get('retry-after')) > 0);

    // Everything else goes on: reading, the ERP, and what cannot be recorded waits.
    await hub.erp.behave(WELL_BEHAVED);
    hub.leap(20_000);
    assert.equal((await hub.demo.get('/api/v1/orders?limit=5')).status, 200);
    assert.equal((await hub.demo.get(`/api/v1/orders/${waiting[0]}`)).status, 200);
    assert.equal((await hub.demo.get(`/api/v1/orders/${waiting[0]}/timeline`)).status, 200);
    await until(
      'the ERP being reached',
      async () => hub.erp.ledger.totals().live,
      (live) => live > 0,
    );

    disk.free();
    const accepted = await until(
      'orders being accepted again',
      () => hub.demo.post('/api/v1/orders', anOrder(`PO-${number}`)),
      ({ status }) => status !== 503,
    );
    assert.equal(accepted.status, 202);
    hub.leap(60_000);
    const evidence = await gatherEvidence(hub, hub.witness);
    assert.deepEqual(brokenPromises(evidence), []);
    assert.ok(evidence.stats.completed > 10);
    assert.equal(evidence.log.filter(({ type }) => type === 'StepFaulted').length, 0, 'no order is blamed for the disk');
  });

  it('under the read model holds up nothing else: orders complete, and are shown as soon as there is room', async () => {
    let isFull = false;
    const documents = withPort('documents', (inner) => replacing(inner, { write: (...args) => (isFull ? full() : inner.write(...args)) }));
    await using hub = await HubHere.start(documents);
    const shown = await hub.post('PO-1');
    await hub.orderIn(shown, 'completed');
    isFull = true;
    const orderId = await hub.post('PO-2');
    // Not listed yet, and never a 404: it is folded from the log.
    const { body } = await until(
      'the order completing',
      () => hub.demo.get(`/api/v1/orders/${orderId}`),
      ({ body: order }) => order.status === 'completed',
    );
    assert.equal(body.orderId, orderId);
    assert.equal((await hub.demo.get('/api/v1/orders')).body.items.length, 1);
    isFull = false;
    hub.leap(5_000);
    assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
  });

  it('under the keys refuses an order of a new buyer with 503, and nothing of it is kept', async () => {
    let isFull = false;
    const keys = withPort('keys', (inner) => replacing(inner, { subjectKey: (...args) => (isFull ? full() : inner.subjectKey(...args)) }));
    await using hub = await HubHere.start(keys);
    isFull = true;
    const { status, body } = await hub.demo.post('/api/v1/orders', anOrder('PO-1'));
    assert.deepEqual([status, body.code], [503, 'HUB_STORAGE_FULL']);
    isFull = false;
    await hub.orderIn(await hub.post('PO-1'), 'completed');
    assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
  });
});
