import assert from 'node:assert/strict';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { InboundEvent } from '@sagahub/contracts/messages/inbound.ts';
import { inboundFold } from './inbound.ts';

const PROBLEM = {
  status: 422,
  code: 'HUB_VALIDATION',
  detail: '1 field needs attention',
  errors: [{ pointer: '#/currency', code: 'required', detail: 'is required' }],
};
const PARKED: InboundEvent = {
  type: 'InboundParked',
  data: { inboundId: 'i-1', channel: 'amqp', clientId: 'acme-1', messageId: 'm-1', bytes: 12, problem: PROBLEM },
};
const folded = (...events: readonly InboundEvent[]): DeadLetter | undefined =>
  events.reduce<DeadLetter | undefined>(
    (letter, event, revision) =>
      inboundFold.apply(letter, {
        ...event,
        stream: 'inbound-i-1',
        revision,
        metadata: { time: `2026-11-28T10:00:0${revision}.000Z`, partnerId: 'acme' },
      } as unknown as RecordedEvent),
    undefined,
  );
const SAID = { by: 'client:op', reason: 'mended' };

describe('projection of parked messages', () => {
  it('makes a dead letter of a message, grouped by the problem’s code and without its content', () => {
    assert.deepEqual(folded(PARKED), {
      deadLetterId: 'i-1',
      origin: 'inbound',
      flow: 'inbound',
      stream: 'inbound-i-1',
      objectId: 'i-1',
      partnerId: 'acme',
      step: 'submit',
      reason: 'HUB_VALIDATION: 1 field needs attention',
      status: 422,
      cause: 'validation',
      attempts: 1,
      firstFailedAt: '2026-11-28T10:00:00.000Z',
      failedAt: '2026-11-28T10:00:00.000Z',
      state: 'open',
      payload: { channel: 'amqp', clientId: 'acme-1', messageId: 'm-1', bytes: 12, errors: PROBLEM.errors },
    });
  });

  it('follows what operators do with it, and what comes of that', () => {
    const again = folded(PARKED, { type: 'InboundRedriven', data: SAID }, { type: 'InboundRefused', data: { problem: PROBLEM } });
    assert.deepEqual([again?.state, again?.attempts, again?.resolvedBy], ['open', 2, undefined]);
    const resolved = folded(
      PARKED,
      { type: 'InboundRedriven', data: SAID },
      { type: 'InboundAccepted', data: { orderId: 'o-1', replayed: false } },
    );
    assert.deepEqual([resolved?.state, resolved?.resolution, resolved?.resolvedBy], ['resolved', 'became the order o-1', 'client:op']);
    const discarded = folded(PARKED, { type: 'InboundDiscarded', data: SAID });
    assert.deepEqual([discarded?.state, discarded?.resolution], ['discarded', 'mended']);
  });

  it('counts the open ones', () => {
    assert.deepEqual(inboundFold.tally?.(folded(PARKED)!), ['dead-letter:inbound']);
    assert.deepEqual(inboundFold.tally?.(folded(PARKED, { type: 'InboundDiscarded', data: SAID })!), []);
  });
});
