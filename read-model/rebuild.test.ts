import assert from 'node:assert/strict';
import type { RebuildProgress } from '@sagahub/contracts/api/operations-views.ts';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { DEAD_LETTERS } from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { ProjectionWriter } from './projection-writer.ts';
import { readProjectionRecord } from './projection-record.ts';
import { ordersProjection } from './projections/index.ts';
import { ORDERS } from './projections/order-document.ts';
import { categoriesOf, collectionsOf } from './projections/projection.ts';
import { rebuild } from './rebuild.ts';
import { Rebuilds } from './rebuilds.ts';
import { completed, received, told, validated } from './testing/order-story.ts';
import { newOrderId, openSite, type Site } from './testing/site.ts';

const contentOf = async (site: Site) => {
  const content: Record<string, unknown> = {};
  for (const collection of [ORDERS, DEAD_LETTERS])
    for await (const { id, ...document } of site.documents.scan(collection)) content[`${collection}/${id}`] = document;
  return { content, record: await readProjectionRecord('orders', site.documents) };
};

const stuck = told('ErpSubmissionFailed', { deadLetterId: 'letter-1', attempts: 2, reason: 'down', inDoubt: false });
/** Orders in every condition, their events interleaved. */
const busy = async (site: Site, orders = 30): Promise<readonly string[]> => {
  const ids = Array.from({ length: orders }, () => newOrderId());
  for (const id of ids) await site.tell(id, [received(id)]);
  for (const [index, id] of ids.entries()) if (index % 3 > 0) await site.tell(id, index === 4 ? [...validated, stuck] : validated);
  for (const [index, id] of ids.entries()) if (index % 3 > 1) await site.tell(id, completed);
  return ids;
};

describe('rebuild', () => {
  it('gives the very same documents, dead letters and counts', async () => {
    await using site = await openSite();
    const projector = await site.project(undefined, { batchSize: 7 });
    await busy(site);
    await site.caughtUp(projector);
    const before = await contentOf(site);
    const reports: RebuildProgress[] = [];
    await rebuild(projector, site.ports, { pageSize: 11, onProgress: (progress) => reports.push(progress) });
    assert.deepEqual(await contentOf(site), before);
    assert.equal(Object.keys(before.content).length, 31);
    assert.ok(reports.length > 3);
    assert.deepEqual(
      reports.map(({ events }) => events),
      reports.map(({ events }) => events).toSorted((a, b) => a - b),
    );
    assert.equal(reports.at(-1)?.events, reports.at(-1)?.total);
    assert.equal(reports.at(-1)?.finished, true);
  });

  it('counts events where positions have gaps, and estimates how many there are', async () => {
    await using site = await openSite();
    const projector = await site.project();
    await busy(site);
    await site.caughtUp(projector);
    const reports: RebuildProgress[] = [];
    const store = new Proxy(site.store, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member);
        if (member === 'densePositions') return false;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    await rebuild(projector, { ...site.ports, store }, { pageSize: 11, onProgress: (progress) => reports.push(progress) });
    const events = Number(projector.checkpoint) - 1; // all but the log's own first
    assert.deepEqual([reports.at(-1)?.events, reports.at(-1)?.total], [events, events]);
    assert.ok(
      reports.every(({ total }) => Math.abs(total - events) <= events / 10),
      JSON.stringify(reports),
    );
  });

  it('mends what was altered', async () => {
    await using site = await openSite();
    const projector = await site.project();
    const [id = ''] = await busy(site, 3);
    await site.caughtUp(projector);
    const before = await contentOf(site);
    await site.documents.write('orders', [{ collection: ORDERS, id, revision: 99, body: { status: 'completed' } }], projector.checkpoint);
    await rebuild(projector, site.ports);
    assert.deepEqual(await contentOf(site), before);
  });

  it('never leaves readers without documents, and takes in what comes meanwhile', async () => {
    await using site = await openSite();
    const ids: string[] = [];
    let reads = 0;
    const documents: DocumentStore = new Proxy(site.documents, {
      get: (target, member) =>
        member !== 'write'
          ? Reflect.get(target, member).bind(target)
          : async (...args: Parameters<DocumentStore['write']>) => {
              if (args[3] !== undefined) {
                for (const id of ids) assert.ok(await target.get(ORDERS, id), 'an order vanished');
                reads += 1;
                await site.tell(newOrderId(), [received('late')]);
              }
              await target.write(...args);
            },
    });
    const projector = await site.project(undefined, {}, { documents });
    ids.push(...(await busy(site)));
    await site.caughtUp(projector);
    await rebuild(projector, { ...site.ports, documents }, { pageSize: 20 });
    for (const id of ids) assert.ok(await site.documents.get(ORDERS, id));
    await site.caughtUp(projector);
    assert.ok(reads > 3);
    assert.equal((await readProjectionRecord('orders', site.documents))?.counts['accepted'], ids.length + reads);
  });

  it('has what was projected while its last page was being written', async () => {
    await using site = await openSite();
    let late: string | undefined;
    const documents: DocumentStore = new Proxy(site.documents, {
      get: (target, member) =>
        member !== 'write'
          ? Reflect.get(target, member).bind(target)
          : async (...args: Parameters<DocumentStore['write']>) => {
              if (args[3] !== undefined && late === undefined) {
                late = await site.tell(newOrderId(), [received('late')]);
                await site.caughtUp(projector);
              }
              await target.write(...args);
            },
    });
    const projector = await site.project();
    await busy(site, 3);
    await site.caughtUp(projector);
    await rebuild(projector, { ...site.ports, documents });
    assert.equal((await site.documents.get(ORDERS, late ?? ''))?.revision, 0);
  });

  it('takes in what another process projects as it ends, and only then takes the place of the old documents', async () => {
    await using site = await openSite();
    let refused = 0;
    const documents: DocumentStore = new Proxy(site.documents, {
      get: (target, member) =>
        member !== 'promote'
          ? Reflect.get(target, member).bind(target)
          : async (...args: Parameters<DocumentStore['promote']>) => {
              if (refused++ > 0) return target.promote(...args);
              await site.tell(newOrderId(), [received('late')]);
              throw new RevisionConflictError('the documents', 1, 2);
            },
    });
    const projector = await site.project();
    const ids = await busy(site, 3);
    await site.caughtUp(projector);
    await rebuild(projector, { ...site.ports, documents });
    await site.caughtUp(projector);
    assert.equal(refused, 2);
    assert.equal((await readProjectionRecord('orders', site.documents))?.counts['accepted'], ids.length + 1);
  });

  it('goes on where it was interrupted', async () => {
    await using site = await openSite();
    const projector = await site.project();
    await busy(site);
    await site.caughtUp(projector);
    const before = await contentOf(site);
    const stop = new AbortController();
    const onProgress = ({ events }: RebuildProgress) => events > 40 && stop.abort();
    await assert.rejects(rebuild(projector, site.ports, { pageSize: 10, signal: stop.signal, onProgress }));
    assert.deepEqual(await contentOf(site), before);
    await projector[Symbol.asyncDispose]();
    const restarted = await site.project();
    const positions: number[] = [];
    await rebuild(restarted, site.ports, { pageSize: 10, onProgress: ({ events }) => positions.push(events) });
    assert.ok((positions[0] ?? 0) > 40, 'it began anew');
    assert.deepEqual(await contentOf(site), before);
  });

  it('is gone on with, and not begun anew, by who comes upon it while another process writes a page of it', async () => {
    await using site = await openSite();
    const projector = await site.project();
    await busy(site);
    await site.caughtUp(projector);
    const generation = await site.documents.beginRebuild(
      'orders',
      collectionsOf(ordersProjection).map(({ name }) => name),
    );
    const filling = await ProjectionWriter.open(ordersProjection, site.documents, 100, generation);
    const page = async () =>
      filling.write(await site.store.readAll({ after: filling.checkpoint, limit: 10, categories: categoriesOf(ordersProjection) }));
    await page();
    assert.ok(filling.checkpoint > 0n);
    let dropped = 0;
    const documents = new Proxy(site.documents, {
      get: (target, member) => {
        if (member === 'dropRebuild') dropped += 1;
        if (member !== 'checkpoint') return Reflect.get(target, member).bind(target);
        return async (...args: Parameters<DocumentStore['checkpoint']>) => {
          const checkpoint = await target.checkpoint(...args);
          if (args[1] === generation && filling.checkpoint === checkpoint) await page();
          return checkpoint;
        };
      },
    });
    await rebuild(projector, { ...site.ports, documents }, { pageSize: 10 });
    assert.equal(dropped, 0);
  });

  it('is resumed by the next start, and begun by one whose folds give other results', async () => {
    await using site = await openSite();
    const projector = await site.project();
    await busy(site, 6);
    await site.caughtUp(projector);
    await projector[Symbol.asyncDispose]();
    const newer = await site.project({ ...ordersProjection, version: ordersProjection.version + 1 });
    assert.equal(newer.outdated, true);
    const rebuilds = new Rebuilds(site.ports);
    await rebuilds.resume([newer]);
    await eventually('the rebuild finishing', () => !newer.outdated);
    assert.equal((await readProjectionRecord('orders', site.documents))?.counts['accepted'], 6);
  });

  it('is joined by whoever asks for it while it runs', async () => {
    await using site = await openSite();
    const projector = await site.project();
    await busy(site, 6);
    await site.caughtUp(projector);
    const rebuilds = new Rebuilds(site.ports);
    assert.equal(rebuilds.start(projector), rebuilds.start(projector));
    const reports: RebuildProgress[] = [];
    for await (const progress of rebuilds.watch(projector, new AbortController().signal)) reports.push(progress);
    assert.equal(reports.at(-1)?.finished, true);
  });
});
