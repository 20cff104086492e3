import assert from 'node:assert/strict';
import type { HttpAnswer, HttpFailure } from '@sagahub/contracts/ports/http-client.ts';
import { cancelOutcome } from '../http/answers.ts';
import { lookupOutcome, submitOutcome } from './answers.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 10, 0, 0);
const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}): HttpAnswer => ({
  kind: 'answer',
  status,
  headers,
  bodyText: typeof body === 'string' ? body : JSON.stringify(body),
});
const failure = (reason: HttpFailure['reason'], sent: boolean): HttpFailure => ({
  kind: 'failure',
  reason,
  sent,
  detail: `host: ${reason}`,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('answers of the ERP', () => {
  describe('to a submit', () => {
    const expected = new Map<number, string>([
      ...[200, 201, 202, 204, 409].map((status) => [status, 'unknown'] as const),
      ...[408, 425, 429].map((status) => [status, 'transient'] as const),
      ...range(500, 599).map((status) => [status, 'transient, may be done'] as const),
      ...[400, 410, 413, 422].map((status) => [status, 'refused'] as const),
      ...[...range(300, 308), 401, 402, 403, 404, 405, 406, 407, 411, 412, 414, 415, 416, 417, 418, 421, 423, 424, 426, 428, 431, 451].map(
        (status) => [status, 'misconfigured'] as const,
      ),
    ]);
    for (const kind of new Set(expected.values())) {
      const statuses = [...expected].filter(([, other]) => other === kind).map(([status]) => status);
      it(`without erpRef: ${statuses.length > 12 ? `${statuses[0]} … ${statuses.at(-1)}` : statuses.join(', ')} → ${kind}`, () => {
        for (const status of statuses) {
          const outcome = submitOutcome(answer(status, { error: 'because' }), NOW_MS);
          const mayBeDone = outcome.kind === 'transient' && outcome.mayBeDone ? ', may be done' : '';
          assert.equal(outcome.kind + mayBeDone, kind, `status ${status}`);
          assert.equal('status' in outcome && outcome.status, status);
          assert.match('reason' in outcome ? outcome.reason : '', new RegExp(String(status)));
        }
      });
    }

    it('with erpRef: every 2xx and 409 is done, 409 as already there', () => {
      for (const status of [200, 201, 202, 409])
        assert.deepEqual(submitOutcome(answer(status, { erpRef: 'E-1' }), NOW_MS), {
          kind: 'done',
          reference: 'E-1',
          alreadyThere: status === 409,
          status,
        });
      assert.deepEqual(submitOutcome(answer(201, { erpRef: 4711 }), NOW_MS), {
        kind: 'done',
        reference: '4711',
        alreadyThere: false,
        status: 201,
      });
      for (const erpRef of ['', null, {}, true]) assert.equal(submitOutcome(answer(201, { erpRef }), NOW_MS).kind, 'unknown');
      assert.equal(submitOutcome(answer(422, { erpRef: 'E-1' }), NOW_MS).kind, 'refused');
    });

    it('a success that is no JSON is their configuration or ours, and opens the breaker', () => {
      for (const body of ['<!doctype html>', '{"erpRef":"E', 'OK'])
        assert.equal(submitOutcome(answer(200, body), NOW_MS).kind, 'misconfigured');
      assert.equal(submitOutcome(answer(409, '<html>'), NOW_MS).kind, 'unknown');
    });

    it('no answer: transient when nothing was sent, unknown when something was, misconfigured when it cannot be understood', () => {
      assert.equal(submitOutcome(failure('unreachable', false), NOW_MS).kind, 'transient');
      for (const reason of ['timeout', 'reset', 'aborted'] as const) {
        assert.equal(submitOutcome(failure(reason, true), NOW_MS).kind, 'unknown');
        assert.equal(submitOutcome(failure(reason, false), NOW_MS).kind, 'transient');
      }
      assert.equal(submitOutcome(failure('tls', false), NOW_MS).kind, 'misconfigured');
      for (const reason of ['response-too-large', 'malformed'] as const)
        assert.equal(submitOutcome(failure(reason, true), NOW_MS).kind, 'misconfigured');
    });

    it('honours Retry-After in seconds and as a date, up to an hour', () => {
      const waits = (header: string) => {
        const outcome = submitOutcome(answer(503, '', { 'retry-after': header }), NOW_MS);
        return outcome.kind === 'transient' ? outcome.retryAfterMs : assert.fail();
      };
      assert.equal(waits('7'), 7_000);
      assert.equal(waits('Fri, 20 Nov 2026 10:00:30 GMT'), 30_000);
      assert.equal(waits('Fri, 20 Nov 2026 09:00:00 GMT'), 0);
      assert.equal(waits('86400'), 3_600_000);
      assert.equal(waits('soon'), undefined);
    });

    it('keeps the reason, wherever the ERP puts it, and never more than 300 characters of it', () => {
      const reason = (body: unknown) => {
        const outcome = submitOutcome(answer(422, body), NOW_MS);
        return 'reason' in outcome ? outcome.reason : '';
      };
      assert.equal(reason({ detail: 'blocked', title: 'No' }), 'answered 422: blocked');
      assert.equal(reason({ error: { code: 1, message: 'closed period' } }), 'answered 422: closed period');
      assert.equal(reason('<html>'), 'answered 422');
      assert.equal(reason({ message: 'x'.repeat(1_000) }).length, 300);
      const redirect = submitOutcome(answer(302, '', { location: 'https://login.erp.example/' }), NOW_MS);
      assert.match('reason' in redirect ? redirect.reason : '', /redirecting to https:\/\/login/);
    });
  });

  describe('to a look-up', () => {
    it('lists what is ours, with what is still in force', () => {
      const entry = (erpRef: string, status?: string) => ({ erpRef, externalOrderId: 'o', status });
      const body = [entry('E-1'), entry('E-2', 'cancelled'), entry('E-3', 'Canceled'), { erpRef: 'E-4', externalOrderId: 'another' }];
      assert.deepEqual(lookupOutcome(answer(200, body), 'o', NOW_MS), {
        kind: 'found',
        orders: [
          { reference: 'E-1', live: true },
          { reference: 'E-2', live: false },
          { reference: 'E-3', live: false },
        ],
      });
      assert.deepEqual(lookupOutcome(answer(200, []), 'o', NOW_MS), { kind: 'found', orders: [] });
    });

    it('never takes anything but a list for "none found"', () => {
      for (const body of ['', 'null', '{}', '<html>']) assert.equal(lookupOutcome(answer(200, body), 'o', NOW_MS).kind, 'misconfigured');
      for (const status of [301, 400, 401, 403, 404, 405, 409, 422])
        assert.equal(lookupOutcome(answer(status), 'o', NOW_MS).kind, 'misconfigured');
      for (const status of [408, 429, 500, 503]) assert.equal(lookupOutcome(answer(status), 'o', NOW_MS).kind, 'transient');
      assert.equal(lookupOutcome(answer(200, [{ externalOrderId: 'o' }]), 'o', NOW_MS).kind, 'unknown');
      assert.equal(lookupOutcome(failure('timeout', true), 'o', NOW_MS).kind, 'unknown');
    });
  });

  describe('to a cancellation', () => {
    it('2xx is done, whatever it says; a 4xx that is neither transient nor configuration is a refusal', () => {
      for (const status of [200, 202, 204]) assert.deepEqual(cancelOutcome(answer(status, 'whatever'), NOW_MS), { kind: 'done' });
      for (const status of [400, 404, 409, 410, 418, 422])
        assert.equal(cancelOutcome(answer(status), NOW_MS).kind, 'refused', String(status));
      for (const status of [401, 403, 405, 407, 302])
        assert.equal(cancelOutcome(answer(status), NOW_MS).kind, 'misconfigured', String(status));
      for (const status of [408, 425, 429, 500, 503]) assert.equal(cancelOutcome(answer(status), NOW_MS).kind, 'transient', String(status));
      assert.equal(cancelOutcome(failure('reset', true), NOW_MS).kind, 'unknown');
    });
  });
});
