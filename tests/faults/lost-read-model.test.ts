import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VIEWS_FILE } from '@sagahub/hub/embedded-ports.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { gatherEvidence } from './evidence.ts';
import { HubHere } from './hub-here.ts';
import { brokenPromises } from './invariants.ts';

const ORDERS = 40;
const REFUSED = { lines: [{ sku: 'SKU-REFUSED', quantity: '1', unitPrice: '1.00' }] };

/** Everything the read model shows: lists, orders, their histories, dead letters. */
const shown = async (hub: HubHere): Promise<unknown> => {
  const { body: list } = await hub.demo.get('/api/v1/orders?limit=200');
  const orders: unknown[] = [];
  for (const { orderId } of list.items as { orderId: string }[]) {
    const { body, headers } = await hub.demo.get(`/api/v1/orders/${orderId}`);
    const timeline = (await hub.demo.get(`/api/v1/orders/${orderId}/timeline`)).body;
    orders.push(body, headers.get('etag'), timeline);
  }
  return { list, orders, letters: (await hub.operator.get('/api/v1/admin/dead-letters?state=any')).body };
};

const damages: readonly (readonly [title: string, damage: (path: string) => Promise<void>])[] = [
  ['is deleted', (path) => rm(path)],
  ['is cut off in the middle', (path) => patched(path, async (file, size) => file.truncate(Math.floor(size / 2)))],
  ['is overwritten at its beginning', (path) => patched(path, async (file) => void (await file.write('no database at all', 0)))],
  [
    'is overwritten in its middle',
    (path) => patched(path, async (file, size) => void (await file.write(Buffer.alloc(size / 2, 7), 0, size / 2, size / 4))),
  ],
];

const patched = async (path: string, patch: (file: Awaited<ReturnType<typeof open>>, size: number) => Promise<void>): Promise<void> => {
  await using file = await open(path, 'r+');
  await patch(file, (await file.stat()).size);
};

describe('a read model whose file', () => {
  let hub: HubHere;
  let intact: unknown;

  before(async function () {
    hub = await HubHere.start({ erp: { refusedSkus: ['SKU-REFUSED'] } });
    for (let order = 0; order < ORDERS; order++) await hub.post(`PO-${order}`, order % 4 === 0 ? REFUSED : {});
    assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
    intact = await shown(hub);
  });
  after(() => hub?.[Symbol.asyncDispose]());

  for (const [title, damage] of damages)
    it(`${title} between two runs is built again from the log, and shows the same`, async () => {
      await hub.stop();
      await damage(join(hub.folder, VIEWS_FILE));
      for (const suffix of ['-wal', '-shm']) await rm(join(hub.folder, VIEWS_FILE + suffix), { force: true });
      await hub.startAgain();
      await until(
        'the read model being built again',
        () => hub.operator.get('/api/v1/admin/projections'),
        ({ body }) => body.items.every(({ lagEvents }: { lagEvents: number }) => lagEvents === 0),
      );
      assert.deepEqual(await shown(hub), intact);
      assert.deepEqual(brokenPromises(await gatherEvidence(hub, hub.witness)), []);
    });
});
