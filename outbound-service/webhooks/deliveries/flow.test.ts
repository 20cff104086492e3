import assert from 'node:assert/strict';
import type { DeliveryEvent } from '@sagahub/contracts/messages/webhook.ts';
import type { CallReport } from '@sagahub/contracts/saga.ts';
import fc from 'fast-check';
import { BEGIN_MS, requested, stateAfter } from '../testing/messages.ts';
import { deliveryFlow, WEBHOOK_QUEUE } from './flow.ts';
import type { DeliveryState } from './state.ts';

const NEXT_AT = '2026-11-20T12:00:00.000Z';
const detail = { status: 503, latencyMs: 7 };
const failed = (messageId: string, attempt = 1): DeliveryEvent => ({
  type: 'WebhookAttemptFailed',
  data: { messageId, attempt, ...detail, reason: 'the endpoint answered 503', nextAt: NEXT_AT },
});
const delivered = (messageId: string, attempt = 1): DeliveryEvent => ({
  type: 'WebhookDelivered',
  data: { messageId, attempt, status: 204, latencyMs: 3 },
});
const dead = (messageId: string, attempt = 1): DeliveryEvent => ({
  type: 'WebhookDeadLettered',
  data: { messageId, attempt, deadLetterId: 'd', reason: 'the endpoint answered 503' },
});
const steps = (state: DeliveryState) => deliveryFlow.pending(state).map(({ step, attempt }) => `${step} ${attempt}`);
const report = (state: DeliveryState, what: CallReport, attempt = 1, step = 'deliver:0') =>
  deliveryFlow.report(state, { step, operation: 'submit', attempt }, what);
const act = { messageId: 'm1', by: 'client:demo', reason: 'mended' };
const TAKEN: CallReport = { kind: 'succeeded', reference: 'm1', alreadyThere: false, detail: { status: 204, latencyMs: 3 } };

describe('delivery flow', () => {
  it('sends a message as soon as it is asked for', () => {
    assert.deepEqual(deliveryFlow.pending(stateAfter(requested('m1'))), [
      { step: 'deliver:0', queue: WEBHOOK_QUEUE, attempt: 1, dueAtMs: BEGIN_MS, sinceMs: BEGIN_MS },
    ]);
  });

  it('takes a message that is asked for twice for one', () => {
    assert.equal(stateAfter(requested('m1'), requested('m1')).messages.length, 1);
  });

  it('tries a failed message again at the recorded time, under the next number', () => {
    const [row] = deliveryFlow.pending(stateAfter(requested('m1'), failed('m1')));
    assert.deepEqual([row!.attempt, row!.dueAtMs], [2, Date.parse(NEXT_AT)]);
  });

  it('waits for nothing once a message is delivered, dead or discarded', () => {
    const discarded: DeliveryEvent = { type: 'WebhookDiscarded', data: { messageId: 'm1', attempt: 1, reason: 'r', by: 'hub' } };
    for (const end of [delivered('m1'), dead('m1'), discarded]) assert.deepEqual(steps(stateAfter(requested('m1'), end)), []);
  });

  it('sends messages about one object beside each other unless they are ordered', () => {
    assert.deepEqual(steps(stateAfter(requested('m1'), requested('m2'), delivered('m1'))), ['deliver:1 1']);
    assert.deepEqual(steps(stateAfter(requested('m1'), requested('m2'))), ['deliver:0 1', 'deliver:1 1']);
  });

  it('keeps the order of an object: later messages wait for the one before, also behind its dead letter', () => {
    const ordered = { ordered: true };
    const two = [requested('m1', ordered), requested('m2', ordered)];
    assert.deepEqual(steps(stateAfter(...two)), ['deliver:0 1']);
    assert.deepEqual(steps(stateAfter(...two, failed('m1'))), ['deliver:0 2']);
    assert.deepEqual(steps(stateAfter(...two, dead('m1'))), []);
    assert.deepEqual(steps(stateAfter(...two, delivered('m1'))), ['deliver:1 1']);
    const givenUp = deliveryFlow.command(stateAfter(...two, dead('m1')), { type: 'Discard', ...act, deadLetterId: 'd' }, 0);
    assert.deepEqual(steps(stateAfter(...two, dead('m1'), ...givenUp)), ['deliver:1 1']);
  });

  it('records what came of an attempt once', () => {
    const state = stateAfter(requested('m1'));
    const failure: CallReport = { kind: 'failed', certainty: 'unknown', reason: 'no', nextAtMs: Date.parse(NEXT_AT), detail };
    assert.deepEqual(report(state, failure), [
      { type: 'WebhookAttemptFailed', data: { messageId: 'm1', attempt: 1, ...detail, reason: 'no', nextAt: NEXT_AT } },
    ]);
    assert.deepEqual(report(stateAfter(requested('m1'), failed('m1')), failure), []);
    assert.deepEqual(report(stateAfter(requested('m1'), delivered('m1')), TAKEN), []);
  });

  it('records that a message arrived also when another process saw that attempt fail', () => {
    assert.deepEqual(report(stateAfter(requested('m1'), failed('m1')), TAKEN), [
      { type: 'WebhookDelivered', data: { messageId: 'm1', attempt: 1, status: 204, latencyMs: 3 } },
    ]);
  });

  it('resends whatever became of a message, as a new round under new numbers', () => {
    for (const end of [delivered('m1', 3), dead('m1', 3), failed('m1', 3)]) {
      const before = stateAfter(requested('m1'), end);
      const state = stateAfter(requested('m1'), end, ...deliveryFlow.command(before, { type: 'Resend', ...act }, BEGIN_MS));
      assert.deepEqual(steps(state), ['deliver:0 4']);
      assert.equal(deliveryFlow.externalCall(state, 'deliver:0')?.attemptInRound, 1);
    }
  });

  it('redrives and discards dead letters alone', () => {
    const named = { by: 'client:operator', reason: 'mended', deadLetterId: 'd' };
    for (const type of ['Redrive', 'Discard'])
      for (const state of [stateAfter(requested('m1')), stateAfter(requested('m1'), dead('m1'), delivered('m1'))])
        assert.throws(() => deliveryFlow.command(state, { type, ...named }, BEGIN_MS), { code: 'HUB_DEAD_LETTER_RESOLVED' });
    const redrive = { type: 'Redrive', ...named, redriveId: 'job' };
    assert.deepEqual(deliveryFlow.command(stateAfter(requested('m1'), dead('m1')), redrive, BEGIN_MS), [
      { type: 'WebhookResent', data: { messageId: 'm1', ...named, redriveId: 'job' } },
    ]);
  });

  it('never asks for an attempt that has its outcome, and leaves no message behind, whatever happens in whatever order', () => {
    const happening = fc.record({
      what: fc.constantFrom('request', 'taken', 'failed', 'exhausted', 'resend', 'discard'),
      message: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.boolean(), fc.array(happening, { maxLength: 40 }), (ordered, happenings) => {
        const events: DeliveryEvent[] = [];
        const answered = new Set<string>();
        for (const { what, message } of happenings) {
          const state = stateAfter(...events);
          const messageId = `m${message}`;
          const known = state.messages.find(({ id }) => id === messageId);
          if (what === 'request') events.push(requested(messageId, { ordered }));
          else if (!known) continue;
          else if (what === 'resend')
            events.push(...(deliveryFlow.command(state, { type: 'Resend', ...act, messageId }, 0) as DeliveryEvent[]));
          else if (what === 'discard') {
            if (known.status === 'dead-lettered')
              events.push(
                ...(deliveryFlow.command(state, { type: 'Discard', ...act, deadLetterId: known.deadLetterId }, 0) as DeliveryEvent[]),
              );
          } else {
            const call = deliveryFlow.externalCall(state, `deliver:${state.messages.indexOf(known)}`);
            if (!call) continue;
            const key = `${messageId} ${call.attempt}`;
            assert.ok(!answered.has(key), `${key} was asked for again`);
            answered.add(key);
            const outcome: CallReport =
              what === 'taken'
                ? TAKEN
                : what === 'failed'
                  ? { kind: 'failed', certainty: 'unknown', reason: 'r', nextAtMs: 0, detail }
                  : { kind: 'exhausted', reason: 'r', inDoubt: false, deadLetterId: `d ${key}` };
            events.push(...(deliveryFlow.report(state, call, outcome) as DeliveryEvent[]));
          }
        }
        const state = stateAfter(...events);
        const pending = state.messages.filter(({ status }) => status === 'pending');
        const rows = deliveryFlow.pending(state).length;
        if (!ordered) assert.equal(rows, pending.length);
        else if (!state.messages.some(({ status }) => status === 'dead-lettered')) assert.equal(rows, Math.min(pending.length, 1));
      }),
    );
  });
});
