import assert from 'node:assert/strict';
import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import { REFUSAL_QUEUE } from '@sagahub/contracts/messages/consumer.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import { refusalFlow } from './flow.ts';
import type { RefusalState } from './state.ts';

const TIME = '2026-11-28T10:00:00.000Z';
const SAID = { by: 'client:op', reason: 'mended', deadLetterId: 'r-1' };
const REFUSED: EventBody = {
  type: 'EventRefused',
  data: { refusalId: 'r-1', consumer: 'ledger', source: { stream: 'order-1', revision: 3 }, reason: 'the consumer refused it' },
};
const REDRIVEN: EventBody = { type: 'RefusalRedriven', data: SAID };
const SENT: EventBody = { type: 'RefusalSent', data: { attempt: 1 } };
const FAILED: EventBody = { type: 'RefusalFailed', data: { attempt: 1, reason: 'no consumer' } };
const after = (...events: readonly EventBody<string, any>[]): RefusalState =>
  events.reduce<RefusalState>((state, event) => refusalFlow.evolve(state, { ...event, time: TIME }), refusalFlow.initialState);
const asked = (state: RefusalState, command: Command) => refusalFlow.command(state, command, 0).map(({ type }) => type);

describe('refusal flow', () => {
  it('leaves a refused event alone until an operator acts, and then asks for it to be sent', () => {
    assert.deepEqual(refusalFlow.pending(after(REFUSED)), []);
    const [row] = refusalFlow.pending(after(REFUSED, REDRIVEN));
    assert.deepEqual([row?.queue, row?.attempt, row?.dueAtMs], [REFUSAL_QUEUE, 1, Date.parse(TIME)]);
    assert.deepEqual(refusalFlow.pending(after(REFUSED, REDRIVEN, SENT)), []);
    assert.equal(refusalFlow.pending(after(REFUSED, REDRIVEN, FAILED, REDRIVEN))[0]?.attempt, 2);
  });

  it('records a further refusal, also one that came while it was being sent again', () => {
    const again: Command = { type: 'Refuse', refused: REFUSED.data };
    assert.deepEqual(asked(after(REFUSED), again), []);
    for (const events of [
      [REFUSED, REDRIVEN],
      [REFUSED, REDRIVEN, SENT],
    ])
      assert.deepEqual(asked(after(...events), again), ['EventRefused']);
    assert.deepEqual(asked(after(REFUSED, REDRIVEN, REFUSED), { type: 'Sent', attempt: 1 }), []);
  });

  it('refuses what no longer makes sense, and takes a repeat for what it is', () => {
    assert.throws(() => asked(after(), { type: 'Redrive', ...SAID }), NotFoundError);
    assert.deepEqual(asked(after(REFUSED, REDRIVEN), { type: 'Redrive', ...SAID }), []);
    assert.throws(() => asked(after(REFUSED, REDRIVEN, SENT), { type: 'Redrive', ...SAID }), /sent to the consumer again/);
    assert.throws(() => asked(after(REFUSED, REDRIVEN), { type: 'Discard', ...SAID }), ConflictError);
    assert.deepEqual(asked(after(REFUSED), { type: 'Discard', ...SAID }), ['RefusalDiscarded']);
    assert.deepEqual(asked(after(REFUSED, { type: 'RefusalDiscarded', data: SAID }), { type: 'Discard', ...SAID }), []);
  });

  it('tells what came of a redrive', () => {
    const outcome = (...events: readonly EventBody[]) =>
      refusalFlow.deadLetters?.outcome({} as DeadLetter, [REDRIVEN, ...events] as unknown as RecordedEvent[]);
    assert.equal(outcome(), undefined);
    assert.deepEqual(outcome(SENT), { outcome: 'applied' });
    assert.deepEqual(outcome(FAILED), { outcome: 'failed-again', why: 'no consumer' });
    assert.deepEqual(outcome(REFUSED), { outcome: 'failed-again', why: 'the consumer refused it' });
  });
});
