import assert from 'node:assert/strict';
import type { DriftReport } from '@sagahub/contracts/api/operations-views.ts';
import { DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import { drift, type DriftOptions } from './drift.ts';
import type { Projector } from './projector.ts';
import { ORDERS } from './projections/order-document.ts';
import { completed, received, told, validated } from './testing/order-story.ts';
import { newOrderId, openSite, type Site } from './testing/site.ts';

const check = async (projector: Projector, site: Site, options?: DriftOptions): Promise<DriftReport> => {
  let last: DriftReport | undefined;
  for await (const report of drift(projector, site.ports, options)) last = report;
  return last!;
};
const stuck = told('ErpSubmissionFailed', { deadLetterId: 'letter-1', attempts: 2, reason: 'down', inDoubt: false });

describe('drift check', () => {
  let site: Site;
  let projector: Projector;
  const ids = Array.from({ length: 8 }, () => newOrderId());
  const overwrite = (collection: string, id: string, body: JsonObject, revision: number) =>
    site.documents.write('orders', [{ collection, id, revision, body }], projector.checkpoint);

  before(async () => {
    site = await openSite();
    projector = await site.project();
    for (const id of ids) await site.tell(id, [received(id), ...validated]);
    await site.tell(ids[0]!, completed);
    await site.tell(ids[1]!, [stuck]);
    await site.caughtUp(projector);
  });
  after(() => site[Symbol.asyncDispose]());

  it('finds nothing where nothing is wrong', async () => {
    assert.deepEqual(await check(projector, site), { streams: 8, finished: true, drifted: 0, differences: [] });
  });

  it('compares one stream in so many when asked for a sample', async () => {
    assert.equal((await check(projector, site, { every: 3 })).streams, 3);
  });

  it('names the members in which a document or a dead letter differs', async () => {
    const [id = ''] = ids;
    const order = (await site.documents.get(ORDERS, id))!;
    await overwrite(
      ORDERS,
      id,
      { ...order.body, status: 'rejected', erp: { ...(order.body['erp'] as JsonObject), reference: 'E-9' } },
      order.revision + 1,
    );
    const letter = (await site.documents.get(DEAD_LETTERS, 'letter-1'))!;
    await overwrite(DEAD_LETTERS, 'letter-1', { ...letter.body, reason: 'nothing' }, letter.revision);
    const { drifted, differences } = await check(projector, site);
    assert.equal(drifted, 1);
    assert.deepEqual(differences, [{ collection: ORDERS, id, kind: 'differs', paths: ['/status', '/erp/reference'] }]);
  });
});

describe('drift check, of documents that are missing or old', () => {
  it('says which', async () => {
    await using site = await openSite();
    const [lost, old] = [await site.tell(newOrderId(), [received('a')]), await site.tell(newOrderId(), [received('b')])];
    const events = await site.store.readStream(`order-${old}`);
    const checkpoint = events.at(-1)!.position;
    await site.tell(old, validated);
    const head = await site.store.lastPosition();
    await site.documents.write(
      'orders',
      [{ collection: ORDERS, id: old, revision: 0, body: { orderId: old } }],
      head > checkpoint ? head : checkpoint,
    );
    const projector = await site.project();
    const { differences } = await check(projector, site);
    assert.deepEqual(
      differences.map(({ id, kind }) => [id, kind]),
      [
        [lost, 'missing'],
        [old, 'behind'],
      ],
    );
  });
});
