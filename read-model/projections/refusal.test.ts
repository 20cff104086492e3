import assert from 'node:assert/strict';
import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { refusalFold } from './refusal.ts';

const SAID = { by: 'client:op', reason: 'mended' };
const REFUSED: EventBody = {
  type: 'EventRefused',
  data: {
    refusalId: 'r-1',
    consumer: 'ledger',
    messageId: 'm-1',
    type: 'order.completed',
    source: { stream: 'order-o-1', revision: 5 },
    refusals: 5,
    reason: 'the consumer refused it',
  },
};
const folded = (...events: readonly EventBody[]): DeadLetter =>
  events.reduce<DeadLetter | undefined>(
    (letter, { type, data }, index) =>
      refusalFold.apply(letter, {
        type,
        data,
        stream: 'refusal-r-1',
        metadata: { time: `2026-11-28T10:0${index}:00.000Z`, partnerId: 'acme' },
      } as unknown as RecordedEvent),
    undefined,
  )!;

describe('dead letters of consumers', () => {
  it('say who refused what, how often and why', () => {
    const { deadLetterId, origin, objectId, partnerId, attempts, reason, state, payload, cause } = folded(REFUSED);
    assert.deepEqual([deadLetterId, origin, objectId, partnerId, attempts, state], ['r-1', 'consumer', 'o-1', 'acme', 5, 'open']);
    assert.equal(reason, 'ledger: the consumer refused it');
    assert.equal(cause, 'ledger-refused-order-completed');
    assert.deepEqual(payload, { consumer: 'ledger', messageId: 'm-1', type: 'order.completed', stream: 'order-o-1', revision: 5 });
    assert.deepEqual(refusalFold.tally?.(folded(REFUSED)), ['dead-letter:consumer']);
  });

  it('end when they were sent again, and are open again when that failed or was refused', () => {
    const redriven: EventBody = { type: 'RefusalRedriven', data: SAID };
    assert.equal(folded(REFUSED, redriven).state, 'redriven');
    const sent = folded(REFUSED, redriven, { type: 'RefusalSent', data: { attempt: 1 } });
    assert.deepEqual([sent.state, sent.resolution], ['resolved', 'it is in the queue of its consumer again']);
    const failed = folded(REFUSED, redriven, { type: 'RefusalFailed', data: { attempt: 1, reason: 'no consumer ledger is configured' } });
    assert.deepEqual([failed.state, failed.reason, failed.resolvedBy], ['open', 'no consumer ledger is configured', undefined]);
    const again = folded(REFUSED, redriven, REFUSED);
    assert.deepEqual([again.state, again.attempts, again.firstFailedAt], ['open', 10, '2026-11-28T10:00:00.000Z']);
    assert.equal(folded(REFUSED, { type: 'RefusalDiscarded', data: SAID }).state, 'discarded');
  });

  it('begin with a refusal', () => {
    assert.throws(() => folded({ type: 'RefusalSent', data: { attempt: 1 } }), /begins with EventRefused/);
  });
});
