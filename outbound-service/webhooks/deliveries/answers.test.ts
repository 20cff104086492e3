import assert from 'node:assert/strict';
import type { HttpFailureReason } from '@sagahub/contracts/ports/http-client.ts';
import { excerptOf, verdictOf } from './answers.ts';

const NOW_MS = Date.UTC(2026, 10, 20);
const verdict = (status: number, headers = {}) => verdictOf({ kind: 'answer', status, headers, bodyText: '' }, NOW_MS);

describe('answers of endpoints', () => {
  it('takes 2xx alone for success', () => {
    for (const status of [200, 201, 202, 204, 299]) assert.equal(verdict(status).kind, 'delivered');
    for (const status of [300, 301, 302, 304, 307, 400, 401, 404, 408, 409, 422, 429, 500, 502, 503, 504])
      assert.equal(verdict(status).kind, 'failed', String(status));
  });

  it('takes 410 for the end of the subscription', () => assert.equal(verdict(410).kind, 'gone'));

  it('keeps to Retry-After, in seconds or as a date', () => {
    assert.deepEqual(verdict(429, { 'retry-after': '120' }), {
      kind: 'failed',
      reason: 'the endpoint answered 429',
      retryAfterMs: 120_000,
    });
    const date = new Date(NOW_MS + 30_000).toUTCString();
    assert.deepEqual(verdict(503, { 'retry-after': date }), { kind: 'failed', reason: 'the endpoint answered 503', retryAfterMs: 30_000 });
  });

  it('takes what was not answered for a failure, unless the hub itself called it off', () => {
    for (const reason of ['forbidden', 'unreachable', 'tls', 'timeout', 'reset', 'malformed'] satisfies HttpFailureReason[])
      assert.deepEqual(verdictOf({ kind: 'failure', reason, sent: true, detail: 'why' }, NOW_MS), { kind: 'failed', reason: 'why' });
    assert.equal(verdictOf({ kind: 'failure', reason: 'aborted', sent: true, detail: 'why' }, NOW_MS).kind, 'called-off');
  });

  it('keeps of an answer no address, no token and nothing that cannot be printed, and little of the rest', () => {
    assert.equal(excerptOf('no such customer ada@example.test'), 'no such customer […]');
    assert.equal(excerptOf('call +33 6 12 34 56 78 now'), 'call […] now');
    assert.equal(excerptOf('token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0 expired')?.includes('eyJzdWIi'), false);
    assert.equal(excerptOf('a\u0000b\r\nc\u202e'), 'a b c');
    assert.equal(excerptOf('   '), undefined);
    assert.equal(excerptOf('no '.repeat(1_000))!.length, 200);
  });
});
