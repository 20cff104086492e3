import assert from 'node:assert/strict';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { BreakerDocument } from '../projections/breaker.ts';
import type { OrderDocument, OrderWaiting } from '../projections/order-document.ts';
import { healthOf } from './health.ts';
import { orderFlowView } from './order-view.ts';

const AT = '2026-11-20T10:00:00.000Z';
const NOW_MS = Date.parse(AT) + 5_000;
const MINUTE_MS = 60_000;
const order = (changes: Partial<OrderDocument> = {}): OrderDocument =>
  ({
    orderId: 'o',
    state: 'SendingToErp',
    updatedAt: AT,
    erp: { connector: 'erp' },
    deadLetters: [],
    ...changes,
  }) as unknown as OrderDocument;
const waiting: OrderWaiting = {
  for: 'erp',
  since: AT,
  attempt: 3,
  nextAt: '2026-11-20T10:00:10.000Z',
  reason: 'answered 503',
  cause: 'http-503',
  round: { attempt: 3, of: 6 },
};
const letter = { state: 'open', origin: 'erp', cause: 'http-503', reason: 'answered 503', step: 'erp-submit', failedAt: AT, attempts: 6 };
const breakers = new Map([['erp', { connector: 'erp', cause: 'maintenance', probeAt: '2026-11-20T10:05:00.000Z' } as BreakerDocument]]);
const health = (changes: Partial<OrderDocument>, nowMs = NOW_MS, open: ReadonlyMap<string, BreakerDocument> = new Map()) =>
  healthOf(orderFlowView, order(changes), open, nowMs);

describe('health of an order', () => {
  it('tells what it waits for, which attempt of how many is next, when, and why', () => {
    const { for: waitsFor, ...rest } = waiting;
    assert.deepEqual(health({ waiting }), { state: 'waiting', waitsFor, ...rest });
  });

  it('is stuck with the cause of its dead letter, whatever else it is', () => {
    const found = health({ waiting, overdue: true, deadLetters: [{ ...letter, deadLetterId: 'd' } as DeadLetter] });
    assert.deepEqual([found?.state, found?.cause, found?.step, found?.deadLetterId], ['stuck', 'erp:http-503', 'erp-submit', 'd']);
  });

  it('waits for an open breaker and not for its own next attempt', () => {
    const found = health({ waiting }, NOW_MS, breakers);
    assert.deepEqual([found?.cause, found?.reason, found?.nextAt], ['breaker-open:erp', 'maintenance', '2026-11-20T10:05:00.000Z']);
    const byHand = new Map([['erp', { connector: 'erp', cause: 'by hand' } as BreakerDocument]]);
    assert.equal(health({ waiting }, NOW_MS, byHand)?.nextAt, undefined);
    assert.equal(health({ waiting }, NOW_MS + 60 * MINUTE_MS, breakers)?.stalledSince, undefined, 'standing still is right then');
  });

  it('is overdue when the ERP is, and when what was due is not done', () => {
    assert.equal(health({ waiting, overdue: true })?.state, 'overdue');
    const late = health({ waiting }, NOW_MS + 2 * MINUTE_MS);
    assert.deepEqual([late?.state, late?.cause, late?.stalledSince], ['overdue', 'not-taken', waiting.nextAt]);
    const { nextAt: _nextAt, ...underWay } = waiting;
    assert.equal(health({ waiting: underWay }, NOW_MS + 2 * MINUTE_MS)?.state, 'waiting');
    assert.equal(health({ waiting: underWay }, NOW_MS + 11 * MINUTE_MS)?.stalledSince, AT);
  });

  it('moves at a step of the hub, until it stands still for a minute', () => {
    assert.deepEqual(health({ state: 'StockReserved' }), {
      state: 'moving',
      waitsFor: 'hub',
      cause: 'under-way',
      step: 'StockReserved',
      since: AT,
    });
    assert.equal(health({ state: 'StockReserved' }, NOW_MS + MINUTE_MS)?.stalledSince, AT);
  });

  it('has none once it has ended', () => assert.equal(health({ state: 'Completed', endedAt: AT }), undefined));
});
