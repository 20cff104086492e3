import assert from 'node:assert/strict';
import { HUB_STREAM } from '@sagahub/contracts/messages/hub.ts';
import { subjectOf } from '@sagahub/contracts/personal-data.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { openSite, type Site } from '../testing/site.ts';
import { openErasures } from './erasures.ts';

describe('erasing a person', () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(() => site[Symbol.asyncDispose]());

  const request = {
    partnerId: 'acme',
    buyerId: 'ada',
    reason: 'asked for it',
    by: 'client:op',
    correlationId: 'c',
    traceparent: undefined,
  };

  it('destroys the keys of that person alone', async () => {
    const { keys, store } = site;
    const erase = await openErasures({ keys, store, clock: manualClock() });
    const [ada, bob] = [await keys.subjectKey(subjectOf('acme', 'ada')), await keys.subjectKey(subjectOf('acme', 'bob'))];
    assert.equal((await erase(request)).keys, 1);
    assert.deepEqual([...(await keys.keys([ada.keyId, bob.keyId])).keys()], [bob.keyId]);
  });

  it('records every erasure, however many are asked for at once', async () => {
    const erase = await openErasures({ keys: site.keys, store: site.store, clock: manualClock() });
    const before = (await site.store.readStream(HUB_STREAM)).length;
    await Promise.all(Array.from({ length: 10 }, (_, number) => erase({ ...request, buyerId: `buyer-${number}` })));
    const recorded = (await site.store.readStream(HUB_STREAM)).slice(before);
    assert.equal(new Set(recorded.map(({ data }) => data['subject'])).size, 10);
  });

  it('names the same person the same way after a restart, and partners apart', async () => {
    const { keys, store } = site;
    const clock = manualClock();
    const first = await (await openErasures({ keys, store, clock }))(request);
    const again = await openErasures({ keys, store, clock });
    assert.equal((await again(request)).subject, first.subject);
    assert.notEqual((await again({ ...request, partnerId: 'globex' })).subject, first.subject);
  });
});
