import assert from 'node:assert/strict';
import { causeOf } from './causes.ts';

describe('causes', () => {
  it('groups answers by their status, whatever their texts', () => {
    assert.equal(causeOf({ reason: 'answered 503: try later', status: 503 }), 'http-503');
  });

  it('groups other reasons by their words, without what is different each time', () => {
    const one = causeOf({ reason: 'no answer within 30000 ms for "PO-1" (7f3a9c1e-0000-4000-8000-000000000001)' });
    assert.equal(one, causeOf({ reason: 'no answer within 500 ms for "PO-2"' }));
    assert.equal(one, 'no-answer-within-ms-for');
  });

  it('names a cause even when nothing is said', () => {
    assert.equal(causeOf({ reason: ' 12 ' }), 'unknown');
  });
});
