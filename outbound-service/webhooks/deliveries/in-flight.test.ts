import assert from 'node:assert/strict';
import type { FoldedEvent } from '../subscriptions/state.ts';
import { SubscriptionRegistry } from '../subscriptions/registry.ts';
import { inFlightOf } from './in-flight.ts';

const CONCURRENCY = 512;
const happened = (subscriptionId: string, revision: number, type: string, data: object): FoldedEvent =>
  ({ stream: `subscription-${subscriptionId}`, revision, type, data, metadata: { time: '2026-11-20T10:00:00.000Z' } }) as FoldedEvent;
const subscribed = (subscriptionId: string, partnerId: string, maxInFlight = 64): FoldedEvent =>
  happened(subscriptionId, 0, 'SubscriptionCreated', {
    subscriptionId,
    partnerId,
    url: 'https://shop.example',
    types: ['*'],
    ordered: false,
    maxInFlight,
    by: 'hub',
  });

describe('messages on the way to an endpoint at once', () => {
  it('are as many as its subscription says, where its partner has few endpoints', () => {
    const registry = new SubscriptionRegistry();
    registry.apply([subscribed('one', 'acme', 64), subscribed('two', 'acme', 3)]);
    assert.deepEqual([inFlightOf(registry, 'one', CONCURRENCY), inFlightOf(registry, 'two', CONCURRENCY)], [64, 3]);
  });

  it('leave three quarters to others, however many endpoints a partner has', () => {
    const registry = new SubscriptionRegistry();
    const ids = Array.from({ length: 20 }, (_, index) => `acme-${index}`);
    registry.apply([...ids.map((id) => subscribed(id, 'acme')), subscribed('other', 'globex')]);
    const taken = ids.reduce((sum, id) => sum + inFlightOf(registry, id, CONCURRENCY), 0);
    assert.ok(taken > 0 && taken <= CONCURRENCY / 4, `${taken} of ${CONCURRENCY}`);
    assert.equal(inFlightOf(registry, 'other', CONCURRENCY), 64);
  });

  it('reckon with the endpoints that are enabled alone', () => {
    const registry = new SubscriptionRegistry();
    const ids = Array.from({ length: 20 }, (_, index) => `acme-${index}`);
    registry.apply(ids.map((id) => subscribed(id, 'acme')));
    const [first = '', second = '', ...others] = ids;
    registry.apply(others.map((id) => happened(id, 1, 'SubscriptionDeleted', { by: 'hub' })));
    registry.apply([happened(second, 1, 'SubscriptionDisabled', { cause: 'manual', reason: 'a test', by: 'hub' })]);
    assert.equal(inFlightOf(registry, first, CONCURRENCY), 64);
    registry.apply([happened(second, 2, 'SubscriptionEnabled', { by: 'hub' })]);
    assert.equal(registry.enabledOf('acme'), 2);
    assert.deepEqual(
      registry.ofPartner('acme').map(({ subscriptionId }) => subscriptionId),
      [first, second],
    );
  });

  it('are one, where nothing is known of it or there is hardly any room', () => {
    const registry = new SubscriptionRegistry();
    registry.apply([subscribed('one', 'acme')]);
    assert.deepEqual([inFlightOf(registry, 'gone', CONCURRENCY), inFlightOf(registry, 'one', 1)], [1, 1]);
  });
});
