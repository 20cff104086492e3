import assert from 'node:assert/strict';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { ordersProjection } from './projections/index.ts';
import { ORDERS } from './projections/order-document.ts';
import type { Fold, Projection } from './projections/projection.ts';
import { Rebuilds } from './rebuilds.ts';
import { completed, received, validated } from './testing/order-story.ts';
import { newOrderId, openSite, type Site } from './testing/site.ts';

/** As the coming release folds orders: each document says so. */
const shaded = (fold: Fold): Fold => ({ ...fold, apply: (before, event) => ({ ...fold.apply(before, event), shade: 'grey' }) });
const COMING: Projection = {
  ...ordersProjection,
  version: ordersProjection.version + 1,
  folds: ordersProjection.folds.map((fold) => (fold.collection === ORDERS ? shaded(fold) : fold)),
};

const tellOrders = async (site: Site, count: number): Promise<void> => {
  for (let n = 0; n < count; n++) {
    const id = newOrderId();
    await site.tell(id, [received(id)]);
    await site.tell(id, validated);
    await site.tell(id, completed);
  }
};

const shades = async ({ documents }: Site): Promise<readonly unknown[]> => {
  const found: unknown[] = [];
  for await (const { body } of documents.scan(ORDERS)) found.push(body['shade']);
  return found;
};

/** Replicas of two releases project in turn, as it happens while one release takes the other's place. */
describe('projectors of two releases', () => {
  it('leave no document of older folds behind: what both have folded is rebuilt once the newer leads', async () => {
    await using site = await openSite();
    const rebuilds = new Rebuilds(site.ports);
    const first = await site.project(COMING);
    await tellOrders(site, 2);
    await site.caughtUp(first);
    await first[Symbol.asyncDispose]();
    // The older one takes over from it, and the newer one that stands by has seen documents of its own folds alone.
    const older = await site.project(ordersProjection);
    await using newer = await site.project(COMING);
    await rebuilds.resume([newer]);
    assert.equal(newer.outdated, false);
    await tellOrders(site, 2);
    await site.caughtUp(older);
    assert.deepEqual((await shades(site)).filter((shade) => shade === undefined).length, 2);
    await older[Symbol.asyncDispose]();
    await eventually('all being folded anew', async () => (await shades(site)).every((shade) => shade === 'grey'));
    await eventually('the rebuild ending', () => newer.rebuilding === undefined);
    await tellOrders(site, 1);
    await site.caughtUp(newer);
    assert.deepEqual(
      await shades(site),
      Array.from({ length: 5 }, () => 'grey'),
    );
  });

  it('do not take each other’s documents for their own: an older one that is started again, as in a rollback, folds anew', async () => {
    await using site = await openSite();
    const older = await site.project(ordersProjection);
    await tellOrders(site, 1);
    await site.caughtUp(older);
    await older[Symbol.asyncDispose]();
    // Replaced before its rebuild came to an end: it has folded into documents that call themselves the older one's.
    const newer = await site.project(COMING);
    await tellOrders(site, 1);
    await site.caughtUp(newer);
    await newer[Symbol.asyncDispose]();
    const rebuilds = new Rebuilds(site.ports);
    const again = await site.project(ordersProjection);
    await rebuilds.resume([again]);
    await eventually('all being folded anew', async () => (await shades(site)).every((shade) => shade === undefined));
    await eventually('the rebuild ending', () => !again.outdated);
  });

  it('do not rebuild in turns: an older one that leads on documents of newer folds leaves them to the newer', async () => {
    await using site = await openSite();
    const rebuilds = new Rebuilds(site.ports);
    await using older = await site.project(ordersProjection);
    await rebuilds.resume([older]);
    await tellOrders(site, 1);
    await site.caughtUp(older);
    const newer = await site.project(COMING);
    await rebuilds.start(newer);
    await newer[Symbol.asyncDispose]();
    await older[Symbol.asyncDispose]();
    await using standingBy = await site.project(ordersProjection);
    standingBy.whenOutdated = () => assert.fail('it began a rebuild');
    await tellOrders(site, 1);
    await site.caughtUp(standingBy);
    assert.equal(standingBy.outdated, true);
    assert.ok((await shades(site)).includes('grey'));
  });
});
