import assert from 'node:assert/strict';
import type { EventBody } from '@sagahub/contracts/events.ts';
import type { Folded } from '@sagahub/contracts/ports/saga-runtime.ts';
import { FoldCache } from './fold-cache.ts';
import { emptyFold, foldBody } from './folding.ts';
import { parcelFlow } from './testing/parcel-flow.ts';

const folded = (stream: string, ...types: readonly string[]): Folded => {
  const bodies = types.map((type): EventBody => ({ type, data: {} }));
  const state = bodies.reduce((before, body) => foldBody(before, body, '2026-11-20T00:00:00.000Z', 1), emptyFold(parcelFlow, stream));
  return { ...state, revision: types.length - 1 };
};
const inFlight = (stream: string) => folded(stream, 'ParcelAnnounced', 'ParcelPacked');
const ended = (stream: string) => folded(stream, 'ParcelAnnounced', 'ParcelPacked', 'ParcelShipped');

describe('fold cache', () => {
  it('keeps the newer of two folds, whichever comes first', () => {
    const cache = new FoldCache(() => {});
    cache.put(inFlight('parcel-1'));
    cache.put(folded('parcel-1', 'ParcelAnnounced'));
    assert.equal(cache.get('parcel-1')?.revision, 1);
    cache.put(ended('parcel-1'));
    assert.equal(cache.get('parcel-1')?.revision, 2, 'until it is dropped by whoever follows the log');
  });

  it('does not take an ended stream back that was dropped while somebody still had it in hand', () => {
    const told: string[] = [];
    const cache = new FoldCache(({ stream }) => told.push(stream));
    cache.put(inFlight('parcel-1'));
    cache.drop('parcel-1');
    cache.put(ended('parcel-1'));
    assert.equal(cache.get('parcel-1'), undefined);
    assert.deepEqual(told, ['parcel-1', 'parcel-1'], 'whoever waits for its end hears of it all the same');
  });

  it('takes back a stream that has work again', () => {
    const cache = new FoldCache(() => {});
    cache.drop('parcel-1');
    cache.put(inFlight('parcel-1'));
    assert.equal(cache.get('parcel-1')?.revision, 1);
  });

  it('lets the stream go that was not touched for longest when it is full', () => {
    const cache = new FoldCache(() => {}, 2);
    for (const stream of ['parcel-1', 'parcel-2', 'parcel-3']) cache.put(inFlight(stream));
    assert.deepEqual(
      ['parcel-1', 'parcel-2', 'parcel-3'].map((stream) => cache.get(stream) !== undefined),
      [false, true, true],
    );
  });

  it('keeps few streams that ended where nobody follows the log and drops them', () => {
    const cache = new FoldCache(() => {}, 10, 2);
    const streams = ['parcel-1', 'parcel-2', 'parcel-3', 'parcel-4'];
    for (const stream of streams) cache.put(inFlight(stream));
    for (const stream of streams.slice(0, 3)) cache.put(ended(stream));
    assert.deepEqual(
      streams.map((stream) => cache.get(stream)?.revision),
      [undefined, 2, 2, 1],
    );
  });
});
