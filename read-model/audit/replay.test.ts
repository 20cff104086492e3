import assert from 'node:assert/strict';
import { ORDERS } from '../projections/order-document.ts';
import { completed, received, validated } from '../testing/order-story.ts';
import { newOrderId, openSite } from '../testing/site.ts';
import { rawEventsOf } from './raw-events.ts';
import { replay, type ReplayComparison, type ReplayOptions, type ReplayStep } from './replay.ts';

describe('replay', () => {
  it('folds every order step by step, names what each event changed, and compares with the read model', async () => {
    await using site = await openSite();
    const projector = await site.project();
    const [one, two, three] = [newOrderId(), newOrderId(), newOrderId()];
    for (const id of [one, two, three]) await site.tell(id, [received(id)]);
    await site.clock.advance(10);
    await site.tell(one, [...validated, ...completed]);
    await site.caughtUp(projector);
    const run = async (options: ReplayOptions) => {
      const [steps, comparisons]: [ReplayStep[], ReplayComparison[]] = [[], []];
      for await (const item of replay(rawEventsOf(site.store), options))
        if (item.kind === 'step') steps.push(item);
        else comparisons.push(item);
      return { steps, comparisons };
    };
    const documentOf = (id: string) => site.documents.get(ORDERS, id);

    const all = await run({ documentOf });
    assert.equal(all.steps.length, 8);
    assert.deepEqual(
      all.comparisons.map(({ verdict }) => verdict),
      ['same', 'same', 'same'],
    );
    assert.deepEqual(all.steps.at(-1)?.changed.toSorted(), ['/endedAt', '/state', '/status', '/updatedAt']);
    assert.equal(all.steps.at(-1)?.order.status, 'completed');

    const past = await run({ orderId: one, at: all.steps[0]!.at });
    assert.deepEqual(
      past.steps.map(({ type }) => type),
      ['OrderReceived'],
    );

    const altered = { ...(await documentOf(one))!.body, status: 'rejected' };
    await site.documents.write('orders', [{ collection: ORDERS, id: two, revision: 9, body: altered }], projector.checkpoint);
    const wrong = await run({
      documentOf: (id) =>
        id === one ? Promise.resolve({ revision: 5, body: altered }) : id === two ? documentOf(two) : Promise.resolve(undefined),
    });
    assert.deepEqual(
      wrong.comparisons.map(({ orderId, verdict, paths }) => [orderId, verdict, paths]),
      [
        [one, 'differs', ['/status']],
        [two, 'behind', []],
        [three, 'missing', []],
      ],
    );
  });
});
