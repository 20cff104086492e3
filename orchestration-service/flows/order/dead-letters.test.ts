import assert from 'node:assert/strict';
import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { orderDeadLetters } from './dead-letters.ts';
import {
  absent,
  attemptFailed,
  cancelFailed,
  cancelled,
  compensationRetried,
  completed,
  refused,
  reserved,
  retried,
  sentToErp,
  started,
  submissionFailed,
} from './testing/examples.ts';

const letter = (origin: DeadLetter['origin']) => ({ origin, deadLetterId: 'dead-6', step: 'advance' }) as DeadLetter;
const outcomeOf = (origin: DeadLetter['origin'], ...events: readonly EventBody<string, any>[]) =>
  orderDeadLetters.outcome(letter(origin), events as unknown as readonly RecordedEvent[]);

describe("order flow: dead letters' acts", () => {
  it('turns each act into the command that the kind of the letter needs', () => {
    const asked = (origin: DeadLetter['origin']) => [
      orderDeadLetters.command(letter(origin), 'redrive'),
      orderDeadLetters.command(letter(origin), 'discard'),
    ];
    const deadLetterId = 'dead-6';
    assert.deepEqual(asked('erp'), [
      { type: 'Redrive', deadLetterId },
      { type: 'Compensate', deadLetterId },
    ]);
    assert.deepEqual(asked('step'), [{ type: 'RetryStep', step: 'advance', deadLetterId }, { type: 'Compensate' }]);
    assert.deepEqual(asked('compensation'), [{ type: 'RetryCompensation', deadLetterId }, { type: 'Abandon' }]);
    assert.deepEqual(asked('surplus'), [
      { type: 'Compensate', deadLetterId },
      { type: 'Compensate', deadLetterId },
    ]);
  });

  it('tells what came of a redriven submission, and nothing while it is tried', () => {
    assert.equal(outcomeOf('erp', retried()), undefined);
    assert.equal(outcomeOf('erp', retried(), started(7), attemptFailed(7, 'not-done')), undefined);
    assert.deepEqual(outcomeOf('erp', retried(), sentToErp('ERP-1', 7), completed), { outcome: 'applied', reference: 'ERP-1' });
    const found = { ...sentToErp('ERP-1', 7), data: { erpRef: 'ERP-1', attempt: 7, alreadyThere: true } };
    assert.deepEqual(outcomeOf('erp', retried(), found), { outcome: 'already-applied', reference: 'ERP-1' });
    assert.deepEqual(outcomeOf('erp', retried(), submissionFailed(12)), { outcome: 'failed-again', why: 'ERP answered 503' });
    assert.deepEqual(outcomeOf('erp', retried(), refused(7)), { outcome: 'failed-again', why: 'refused for good: customer blocked' });
    assert.equal(outcomeOf('erp', retried(), cancelled)?.outcome, 'skipped');
  });

  it('tells that a faulted step went on, or gave up again', () => {
    const stepRetried = { type: 'StepRetried', data: { step: 'advance', by: 'op', reason: 'mended' } };
    const faulted = (nextAt?: string) => ({ type: 'StepFaulted', data: { step: 'advance', attempt: 1, error: 'boom', nextAt } });
    assert.equal(outcomeOf('step', stepRetried, faulted('2026-11-20T10:00:00Z')), undefined);
    assert.deepEqual(outcomeOf('step', stepRetried, faulted()), { outcome: 'failed-again', why: 'advance: boom' });
    assert.deepEqual(outcomeOf('step', stepRetried, reserved), { outcome: 'applied' });
  });

  it('tells whether what could not be undone was undone', () => {
    assert.deepEqual(outcomeOf('compensation', compensationRetried, absent), { outcome: 'already-applied' });
    assert.deepEqual(outcomeOf('compensation', compensationRetried, cancelFailed), {
      outcome: 'failed-again',
      why: 'erp-cancel: already shipped',
    });
  });
});
