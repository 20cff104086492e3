import assert from 'node:assert/strict';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { BreakerEvent } from '@sagahub/contracts/messages/hub.ts';
import { recorded } from '../testing/order-story.ts';
import { type BreakerDocument, breakerFold } from './breaker.ts';

const fold = (...events: readonly BreakerEvent[]): BreakerDocument | undefined =>
  recorded('breaker-erp', events).reduce<BreakerDocument | undefined>((breaker, event) => breakerFold.apply(breaker, event), undefined);
const opened = (cause: string, probeAt?: string): BreakerEvent => ({
  type: 'BreakerOpened',
  data: { connector: 'erp', cause, by: 'hub', ...(probeAt && { probeAt }) },
});
const closed: BreakerEvent = { type: 'BreakerClosed', data: { connector: 'erp', by: 'client:operator', reason: 'it is well again' } };

describe('breaker projection', () => {
  it('has been open since it opened first, however often a probe failed', () => {
    const breaker = fold(opened('5 failures', '2026-11-20T10:01:00.000Z'), opened('probe failed', '2026-11-20T10:02:00.000Z'));
    assert.equal(breaker?.since, '2026-11-20T10:00:00.000Z');
    assert.deepEqual([breaker?.state, breaker?.cause, breaker?.probeAt], ['open', 'probe failed', '2026-11-20T10:02:00.000Z']);
  });

  it('keeps who did what, newest first', () => {
    const breaker = fold(opened('401'), closed);
    assert.deepEqual([breaker?.state, breaker?.since, breaker?.cause], ['closed', '2026-11-20T10:00:00.001Z', undefined]);
    assert.deepEqual(
      breaker?.history.map(({ state, by, reason }) => [state, by, reason]),
      [
        ['closed', 'client:operator', 'it is well again'],
        ['open', 'hub', '401'],
      ],
    );
  });

  it('stays open as long as whoever opened it by hand wants, whatever the hub meets meanwhile', () => {
    const byHand: BreakerEvent = { type: 'BreakerOpened', data: { connector: 'erp', cause: 'maintenance', by: 'client:operator' } };
    const probed: BreakerEvent = { type: 'BreakerClosed', data: { connector: 'erp', by: 'hub' } };
    const breaker = fold(byHand, opened('503', '2026-11-20T10:02:00.000Z'), probed);
    assert.deepEqual([breaker?.state, breaker?.cause, breaker?.probeAt, breaker?.history.length], ['open', 'maintenance', undefined, 3]);
    assert.equal(fold(byHand, probed, closed)?.state, 'closed');
  });

  it('keeps the last hundred changes', () => {
    assert.equal(fold(...Array.from({ length: 120 }, () => opened('again')))?.history.length, 100);
  });

  it('refuses an event that is none of a breaker', () => {
    assert.throws(() =>
      breakerFold.apply(undefined, { type: 'OrderReceived', data: {}, metadata: { time: '' } } as unknown as RecordedEvent),
    );
  });
});
