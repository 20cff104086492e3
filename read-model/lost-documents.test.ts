import assert from 'node:assert/strict';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { readProjectionRecord } from './projection-record.ts';
import { ordersProjection } from './projections/index.ts';
import { ORDERS } from './projections/order-document.ts';
import { rebuild } from './rebuild.ts';
import { completed, received, validated } from './testing/order-story.ts';
import { newOrderId, openSite } from './testing/site.ts';
import { spied } from './testing/spied-documents.ts';

describe('a projector whose documents do not fit, or are out of its reach', () => {
  it('folds anew when its documents are of events that the log has not: a backup of the log was restored, a rebuild was under way', async () => {
    await using lost = await openSite();
    await using kept = await openSite();
    const gone = await lost.tell(newOrderId(), [received('a'), ...validated, ...completed]);
    const first = await lost.project();
    await lost.caughtUp(first);
    await first[Symbol.asyncDispose]();
    const interrupted = new AbortController();
    const pages = { signal: interrupted.signal, pageSize: 2, onProgress: () => interrupted.abort() };
    await assert.rejects(rebuild(first, lost.ports, pages), { name: 'AbortError' });
    const order = await kept.tell(newOrderId(), [received('b')]);

    const projector = await lost.project(undefined, {}, { store: kept.store });
    await eventually('only what the log has is there', async () => (await lost.documents.get(ORDERS, gone)) === undefined);
    await kept.tell(order, validated);
    await eventually('what comes is followed', async () => (await projector.status()).position === (await kept.store.lastPosition()));
    assert.equal((await lost.documents.get(ORDERS, order))?.revision, validated.length);
  });

  /** Documents that are gone from one moment to the next: the store is another one, empty, and refuses whoever wrote to the first. */
  const losable = async (documents: DocumentStore, empty: DocumentStore) => {
    let [current, refusing] = [documents, false];
    const store = new Proxy(documents, {
      get: (_target, member) => {
        if (member === 'write' && refusing)
          return () => Promise.reject(new RevisionConflictError('progress', 7, -1)).finally(() => (refusing = false));
        return Reflect.get(current, member).bind(current);
      },
    });
    return { store, lose: () => ([current, refusing] = [empty, true]) };
  };

  it('folds everything anew when its documents are lost under it, whether or not anything happens', async () => {
    for (const happens of [true, false]) {
      await using site = await openSite();
      await using other = await openSite();
      const { store: documents, lose } = await losable(site.documents, other.documents);
      const orders = [await site.tell(newOrderId(), [received('a'), ...validated]), await site.tell(newOrderId(), [received('b')])];
      const projector = await site.project(undefined, {}, { documents });
      await site.caughtUp(projector);
      lose();
      if (happens) await site.tell(orders[0]!, completed);
      const isWhole = async () => {
        await site.clock.advance(1_000);
        return (
          (await other.documents.getMany(ORDERS, orders)).every((found) => found !== undefined) &&
          (await projector.status()).lagEvents === 0
        );
      };
      await eventually('the documents being whole again', isWhole);
      assert.equal((await projector.status()).parked.length, 0);
      assert.equal((await other.documents.get(ORDERS, orders[0]!))?.body['status'], happens ? 'completed' : 'waiting');
    }
  });

  it('folds everything anew when its checkpoint is removed and what it wrote about itself is not: all would be counted twice', async () => {
    await using site = await openSite();
    const seen = { removed: false, whenPromoted: undefined as number | undefined };
    const documents = new Proxy(site.documents, {
      get: (target, member) => {
        if (member === 'takeOver' && seen.removed) return () => Promise.resolve(LOG_START);
        if (member !== 'promote') return Reflect.get(target, member).bind(target);
        return async (...args: Parameters<DocumentStore['promote']>) => {
          seen.removed = false;
          seen.whenPromoted = (await target.get(ORDERS, order, args[1]))?.revision;
          await target.promote(...args);
        };
      },
    });
    const first = await site.project(undefined, {}, { documents });
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.caughtUp(first);
    await first[Symbol.asyncDispose]();
    seen.removed = true;
    const second = await site.project(undefined, {}, { documents });
    await eventually('it is folded anew', () => seen.whenPromoted !== undefined);
    assert.equal(seen.whenPromoted, validated.length, 'readers were shown documents that were not whole');
    await site.tell(order, completed);
    await site.caughtUp(second);
    assert.equal((await readProjectionRecord(ordersProjection.name, site.documents))?.counts['accepted'], 1);
  });

  it('folds everything anew when some of its documents are removed and its checkpoint is not, at work or as it begins', async () => {
    await using site = await openSite();
    const seen = { removed: false, promoted: 0 };
    const documents = new Proxy(site.documents, {
      get: (target, member) => {
        if (member === 'isWhole') return () => Promise.resolve(!seen.removed);
        if (member !== 'promote') return Reflect.get(target, member).bind(target);
        return async (...args: Parameters<DocumentStore['promote']>) => {
          await target.promote(...args);
          seen.removed = false;
          seen.promoted += 1;
        };
      },
    });
    const first = await site.project(undefined, {}, { documents });
    const order = await site.tell(newOrderId(), [received('a'), ...validated]);
    await site.caughtUp(first);
    assert.equal(seen.promoted, 0);
    seen.removed = true;
    await eventually('it is folded anew', async () => {
      await site.clock.advance(1_000);
      return seen.promoted === 1;
    });
    await first[Symbol.asyncDispose]();
    seen.removed = true;
    const second = await site.project(undefined, {}, { documents });
    await eventually('it is folded anew once more', () => seen.promoted === 2);
    await site.tell(order, completed);
    await site.caughtUp(second);
    assert.equal((await site.documents.get(ORDERS, order))?.body['status'], 'completed');
  });

  it('gives the lead up when its store has been away for ten seconds: it may not be away for others', async () => {
    await using site = await openSite();
    const ended = Promise.withResolvers<void>();
    const leadership = {
      lead: (name: string, onLeading: (term: Term) => Promise<void>) => {
        void onLeading({ name, epoch: 1n, signal: new AbortController().signal }).then(ended.resolve);
        return { term: undefined, [Symbol.asyncDispose]: () => ended.promise };
      },
    } as unknown as Ports['leadership'];
    let tries = 0;
    const documents = spied(site.documents, () => {
      tries += 1;
      throw new Error('away');
    });
    const projector = await site.project(undefined, {}, { documents, leadership });
    await site.tell(newOrderId(), [received('a')]);
    for (let isOver = false; !isOver; ) {
      await site.clock.advance(1_000);
      isOver = await Promise.race([ended.promise.then(() => true), new Promise<boolean>((later) => setImmediate(later, false))]);
    }
    assert.ok(tries > 5 && tries < 15, `it tried ${tries} times`);
    assert.equal((await projector.status()).failing, undefined, 'another one’s to tell');
  });
});
