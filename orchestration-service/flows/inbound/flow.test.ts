import assert from 'node:assert/strict';
import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { EventBody, RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import { INBOUND_QUEUE } from '@sagahub/contracts/messages/inbound.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import fc from 'fast-check';
import { inboundFlow } from './flow.ts';
import type { InboundState } from './state.ts';

const TIME = '2026-11-28T10:00:00.000Z';
const PROBLEM = { status: 422, code: 'HUB_VALIDATION', detail: '1 field needs attention' };
const SAID = { by: 'client:op', reason: 'mended', deadLetterId: 'i-1' };
const parkedEvent = (truncated?: true): EventBody => ({
  type: 'InboundParked',
  data: { problem: PROBLEM, ...(truncated && { truncated }) },
});
const after = (...events: readonly EventBody<string, any>[]): InboundState =>
  events.reduce<InboundState>((state, event) => inboundFlow.evolve(state, { ...event, time: TIME }), inboundFlow.initialState);
const asked = (state: InboundState, command: Command) => inboundFlow.command(state, command, 0);
const redriven: EventBody = { type: 'InboundRedriven', data: SAID };
const refused: EventBody = { type: 'InboundRefused', data: { problem: PROBLEM } };
const accepted: EventBody = { type: 'InboundAccepted', data: { orderId: 'o-1', replayed: false } };

describe('inbound flow', () => {
  it('leaves a parked message alone until an operator acts, and then asks for it to be handed in', () => {
    assert.deepEqual(inboundFlow.pending(after(parkedEvent())), []);
    const [row] = inboundFlow.pending(after(parkedEvent(), redriven));
    assert.deepEqual([row?.queue, row?.attempt, row?.dueAtMs], [INBOUND_QUEUE, 1, Date.parse(TIME)]);
    assert.equal(inboundFlow.pending(after(parkedEvent(), redriven, refused, redriven))[0]?.attempt, 2);
    assert.deepEqual(inboundFlow.pending(after(parkedEvent(), redriven, accepted)), []);
  });

  it('says who asked for it and why', () => {
    assert.deepEqual(asked(after(parkedEvent()), { type: 'Redrive', ...SAID }), [redriven]);
    assert.deepEqual(asked(after(parkedEvent()), { type: 'Discard', ...SAID })[0]?.data, SAID);
  });

  it('refuses what no longer makes sense, and takes a repeat for what it is', () => {
    assert.throws(() => asked(after(), { type: 'Redrive', ...SAID }), NotFoundError);
    assert.throws(() => asked(after(parkedEvent(true)), { type: 'Redrive', ...SAID }), /only the beginning/);
    assert.throws(() => asked(after(parkedEvent(), redriven, accepted), { type: 'Redrive', ...SAID }), /became the order o-1/);
    assert.throws(() => asked(after(parkedEvent(), redriven), { type: 'Discard', ...SAID }), ConflictError);
    assert.deepEqual(asked(after(parkedEvent(), redriven), { type: 'Redrive', ...SAID }), []);
    assert.deepEqual(asked(after(parkedEvent()), { type: 'Park', parked: {}, sealed: {} }), []);
    assert.deepEqual(asked(after(parkedEvent(), redriven), { type: 'Accept', attempt: 7, orderId: 'o', replayed: false }), []);
  });

  it('parks the same message once more when it was settled before and comes again', () => {
    assert.equal(asked(after(parkedEvent(), redriven, accepted), { type: 'Park', parked: {}, sealed: {} })[0]?.type, 'InboundParked');
  });

  it('tells what came of a redrive', () => {
    const outcome = (...events: readonly EventBody[]) =>
      inboundFlow.deadLetters?.outcome({} as DeadLetter, [redriven, ...events] as unknown as RecordedEvent[]);
    assert.equal(outcome(), undefined);
    assert.deepEqual(outcome(accepted), { outcome: 'applied', reference: 'o-1' });
    assert.deepEqual(outcome(refused), { outcome: 'failed-again', why: PROBLEM.detail });
    const replayed: EventBody = { type: 'InboundAccepted', data: { orderId: 'o-1', replayed: true } };
    assert.equal(outcome(replayed)?.outcome, 'already-applied');
  });

  it('becomes an order at most once, whatever the order of commands', () => {
    const command = fc.constantFrom<Command>(
      { type: 'Redrive', ...SAID },
      { type: 'Discard', ...SAID },
      { type: 'Accept', attempt: 1, orderId: 'o-1', replayed: false },
      { type: 'Refuse', attempt: 1, problem: PROBLEM },
      { type: 'Accept', attempt: 2, orderId: 'o-1', replayed: false },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
        const events: EventBody<string, any>[] = [parkedEvent()];
        for (const one of commands) {
          try {
            events.push(...asked(after(...events), one));
          } catch (error) {
            assert.ok(error instanceof ConflictError);
          }
        }
        assert.ok(events.filter(({ type }) => type === 'InboundAccepted').length <= 1);
      }),
    );
  });
});
