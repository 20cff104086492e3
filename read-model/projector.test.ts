import assert from 'node:assert/strict';
import type { SubscribeOptions } from '@sagahub/contracts/ports/event-store.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { drift } from './drift.ts';
import { readProjectionRecord } from './projection-record.ts';
import { ordersProjection } from './projections/index.ts';
import { orderFold } from './projections/order.ts';
import { ORDERS } from './projections/order-document.ts';
import type { Projection } from './projections/projection.ts';
import { completed, received, validated } from './testing/order-story.ts';
import { newOrderId, openSite } from './testing/site.ts';
import { spied } from './testing/spied-documents.ts';

/** Sleepers once a leading projector waits for something: it, its look after documents, and that after the log. */
const WATCHED = 3;

/** A projection that cannot take in one type of event until it is mended. */
const breakable = (type: string): { readonly projection: Projection; mended: boolean } => {
  const control: { projection: Projection; mended: boolean } = { projection: ordersProjection, mended: false };
  control.projection = {
    ...ordersProjection,
    folds: [
      {
        ...orderFold,
        apply: (before, event) => {
          if (event.type === type && !control.mended) throw new Error(`cannot take in ${type}`);
          return orderFold.apply(before, event);
        },
      },
    ],
  };
  return control;
};

describe('projector', () => {
  it('goes on behind its checkpoint after a restart, and follows what comes', async () => {
    await using site = await openSite();
    const first = await site.project();
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.caughtUp(first);
    await first[Symbol.asyncDispose]();
    await site.tell(order, completed);
    const written: string[] = [];
    const documents = spied(site.documents, (puts) =>
      written.push(...puts.filter(({ collection }) => collection === ORDERS).map(({ id }) => id)),
    );
    const second = await site.project(undefined, {}, { documents });
    const next = await site.tell(newOrderId(), [received('b')]);
    await site.caughtUp(second);
    assert.deepEqual([...new Set(written)], [order, next]);
    assert.equal((await site.documents.get(ORDERS, order))?.body['status'], 'completed');
    assert.equal((await site.documents.get(ORDERS, next))?.body['status'], 'received');
  });

  it('tells what another process has projected, and finds its drift', async () => {
    await using site = await openSite();
    const projecting = await site.project();
    const waiting = await site.project();
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.caughtUp(projecting);
    const { position, lagEvents } = await waiting.status();
    assert.deepEqual([position, lagEvents], [(await projecting.status()).position, 0]);
    const { revision } = (await site.documents.get(ORDERS, order))!;
    await site.documents.write(
      'orders',
      [{ collection: ORDERS, id: order, revision: revision + 1, body: { wrong: true } }],
      projecting.checkpoint,
    );
    const reports = await Array.fromAsync(drift(waiting, site.ports));
    assert.deepEqual([reports.at(-1)?.streams, reports.at(-1)?.drifted], [1, 1]);
  });

  it('tries streams again that another process has parked', async () => {
    await using site = await openSite();
    const control = breakable('OrderValidated');
    const projecting = await site.project(control.projection);
    const waiting = await site.project(control.projection);
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await eventually('it is parked', async () => (await waiting.status()).parked.length === 1);
    control.mended = true;
    assert.deepEqual(await waiting.retryParked(), [{ stream: `order-${order}` }]);
    assert.equal((await projecting.status()).lagEvents, 0);
    assert.deepEqual((await waiting.status()).parked, []);
  });

  it('counts an object once that it tries again, whatever it had written of it before', async () => {
    await using site = await openSite();
    const control = breakable('OrderCompleted');
    const projecting = await site.project(control.projection);
    const waiting = await site.project(control.projection);
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.caughtUp(projecting); // written, and counted
    await site.tell(order, completed);
    await eventually('it is parked', async () => (await waiting.status()).parked.length === 1);
    await waiting.retryParked(); // in vain
    control.mended = true;
    await waiting.retryParked();
    const record = await readProjectionRecord('orders', site.documents);
    assert.deepEqual([record?.counts['accepted'], record?.counts['status:completed']], [1, 1]);
  });

  it('tries again all of an object whose document could be folded and not be written', async () => {
    await using site = await openSite();
    let mended = false;
    const projection: Projection = {
      ...ordersProjection,
      folds: [
        {
          ...orderFold,
          tally: (body) => {
            if (!mended && (body as { status: string }).status === 'completed') throw new Error('cannot be counted');
            return orderFold.tally?.(body) ?? [];
          },
        },
      ],
    };
    const projector = await site.project(projection);
    const order = await site.tell(newOrderId(), [received('a'), ...validated, ...completed]);
    await eventually('it is parked', async () => (await projector.status()).parked.length === 1);
    mended = true;
    assert.deepEqual(await projector.retryParked(), [{ stream: `order-${order}` }]);
    assert.equal((await site.documents.get(ORDERS, order))?.body['status'], 'completed');
    assert.equal((await readProjectionRecord('orders', site.documents))?.counts['status:completed'], 1);
  });

  it('learns what another process wrote beside it when it looks after documents that nothing happens to', async () => {
    await using site = await openSite();
    const control = breakable('OrderValidated');
    let reloads = 0;
    const documents = new Proxy(site.documents, {
      get: (target, member) => {
        if (member === 'takeOver') reloads += 1;
        return Reflect.get(target, member).bind(target);
      },
    });
    const projecting = await site.project(control.projection, {}, { documents });
    const waiting = await site.project(control.projection);
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await eventually('it is parked', async () => (await waiting.status()).parked.length === 1);
    control.mended = true;
    assert.deepEqual(await waiting.retryParked(), [{ stream: `order-${order}` }]);
    const before = reloads;
    await eventually('it has looked', async () => {
      await site.clock.advance(1_000);
      return reloads > before;
    });
    await site.tell(order, completed);
    await site.caughtUp(projecting);
    assert.equal((await site.documents.get(ORDERS, order))?.body['status'], 'completed');
  });

  it('writes an order once for all its events of a window', async () => {
    await using site = await openSite();
    const puts = new Map<string, number>();
    const documents = spied(site.documents, (written) => {
      for (const { collection, id } of written) if (collection === ORDERS) puts.set(id, (puts.get(id) ?? 0) + 1);
    });
    const projector = await site.project(undefined, { windowMs: 100 }, { documents });
    const first = await site.tell(newOrderId(), [received('a')]);
    await site.clock.sleeping(WATCHED); // the first change was written at once; now changes gather
    const second = await site.tell(newOrderId(), [received('b')]);
    for (const event of [...validated, ...completed]) await site.tell(second, [event]);
    await site.clock.advance(100);
    await site.caughtUp(projector);
    assert.deepEqual([puts.get(first), puts.get(second)], [1, 1]);
    assert.equal((await site.documents.get(ORDERS, second))?.body['status'], 'completed');
  });

  it('lets events gather for longer where writing takes long', async () => {
    await using site = await openSite();
    const startedAtMs: number[] = [];
    const documents = new Proxy(site.documents, {
      get: (target, member) =>
        member === 'write'
          ? async (...args: Parameters<DocumentStore['write']>) => {
              startedAtMs.push(site.clock.now());
              await site.clock.sleep(120);
              return target.write(...args);
            }
          : Reflect.get(target, member).bind(target),
    });
    const projector = await site.project(undefined, { windowMs: 100 }, { documents });
    await site.tell(newOrderId(), [received('a')]);
    await site.clock.sleeping(WATCHED);
    await site.clock.advance(120);
    await site.clock.sleeping(WATCHED); // written; now changes gather
    await site.tell(newOrderId(), [received('b')]);
    await eventually('the second being written', async () => {
      await site.clock.advance(10);
      return startedAtMs.length === 2;
    });
    const [first, second] = startedAtMs as [number, number];
    assert.ok(second - first >= 360, `the second write began ${second - first} ms after the first`);
    await site.clock.advance(120);
    await site.caughtUp(projector);
  });

  it('does not wait for the window while whole batches are waiting', async () => {
    await using site = await openSite();
    for (let order = 0; order < 20; order += 1) await site.tell(newOrderId(), [received('a'), ...validated]);
    const projector = await site.project(undefined, { windowMs: 60_000, batchSize: 10 });
    await eventually('all but the last batch being written', async () => (await site.store.lastPosition()) - projector.checkpoint < 10n);
  });

  it('parks a stream it cannot project, goes on with the rest, and remembers over a restart', async () => {
    await using site = await openSite();
    const { projection } = breakable('OrderValidated');
    const projector = await site.project(projection);
    const poisoned = await site.tell(newOrderId(), [received('a'), ...validated]);
    const healthy = await site.tell(newOrderId(), [received('b')]);
    await site.caughtUp(projector);
    assert.equal((await site.documents.get(ORDERS, healthy))?.body['status'], 'received');
    assert.equal((await site.documents.get(ORDERS, poisoned))?.revision, 1);
    await projector[Symbol.asyncDispose]();
    const restarted = await site.project(projection);
    await site.tell(poisoned, completed);
    await site.caughtUp(restarted);
    const [parked, ...others] = (await restarted.status()).parked;
    assert.equal(others.length, 0);
    assert.deepEqual(
      [parked?.stream, parked?.revision, parked?.type, parked?.error],
      [`order-${poisoned}`, 2, 'OrderValidated', 'cannot take in OrderValidated'],
    );
    assert.equal((await site.documents.get(ORDERS, poisoned))?.revision, 1);
  });

  it('takes in a parked stream on demand once it can, with all that came meanwhile', async () => {
    await using site = await openSite();
    const control = breakable('OrderValidated');
    const projector = await site.project(control.projection);
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.caughtUp(projector);
    await site.tell(order, completed);
    await site.caughtUp(projector);
    assert.deepEqual(await projector.retryParked(), [{ stream: `order-${order}`, error: 'cannot take in OrderValidated' }]);
    control.mended = true;
    assert.deepEqual(await projector.retryParked(`order-${order}`), [{ stream: `order-${order}` }]);
    assert.equal((await site.documents.get(ORDERS, order))?.body['status'], 'completed');
    assert.deepEqual((await projector.status()).parked, []);
    const record = await readProjectionRecord('orders', site.documents);
    assert.equal(record?.counts['status:completed'], 1);
    assert.equal(record?.counts['accepted'], 1);
  });

  it('tries a write again that failed, and says so meanwhile', async () => {
    await using site = await openSite();
    let broken = true;
    const documents = spied(site.documents, () => {
      if (broken) throw new Error('the disk is full');
    });
    const projector = await site.project(undefined, {}, { documents });
    const order = await site.tell(newOrderId(), [received('a')]);
    await site.clock.sleeping(WATCHED);
    const { failing, lagEvents } = await projector.status();
    assert.deepEqual([failing, lagEvents > 0], ['the disk is full', true]);
    broken = false;
    await site.clock.advance(1_000);
    await site.caughtUp(projector);
    assert.equal((await projector.status()).failing, undefined);
    assert.equal((await site.documents.get(ORDERS, order))?.revision, 0);
  });

  it('measures how far it is behind, in events and in seconds', async () => {
    await using site = await openSite();
    const documents = spied(site.documents, () => {
      throw new Error('away');
    });
    const projector = await site.project(undefined, {}, { documents });
    await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.clock.sleeping(WATCHED);
    await site.clock.advance(900);
    const { lagEvents, lagSeconds } = await projector.status();
    assert.ok(lagEvents >= 4, String(lagEvents));
    assert.equal(lagSeconds, 0.9);
  });

  it('stops while its store is away', async () => {
    await using site = await openSite();
    const documents = spied(site.documents, () => {
      throw new Error('away');
    });
    const projector = await site.project(undefined, {}, { documents });
    await site.tell(newOrderId(), [received('a')]);
    await site.clock.sleeping(WATCHED);
    await projector[Symbol.asyncDispose]();
  });

  it('goes on by itself when its subscription to the log breaks', async () => {
    await using site = await openSite();
    let subscribed = 0;
    const store = new Proxy(site.store, {
      get: (target, member) =>
        member === 'subscribe'
          ? (options: SubscribeOptions) => {
              subscribed += 1;
              const failing = { ...options, onEvents: () => Promise.reject(new Error('the connection is gone')) };
              return target.subscribe(subscribed === 1 ? failing : options);
            }
          : ((Reflect.get(target, member) as { bind?: (to: object) => unknown }).bind?.(target) ?? Reflect.get(target, member)),
    });
    const order = await site.tell(newOrderId(), [received('a')]);
    await site.project(ordersProjection, {}, { store });
    await eventually('the second subscription', async () => {
      await site.clock.advance(1_000);
      return (await site.documents.get(ORDERS, order)) !== undefined;
    });
    assert.equal(subscribed, 2);
  });
});
