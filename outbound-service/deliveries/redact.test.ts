import assert from 'node:assert/strict';
import { redact } from './redact.ts';

describe('redaction of reasons', () => {
  const personal = { buyer: { name: 'Ada Keller', taxId: 'FR12345678' }, shipTo: { street: '12 Harbour Road', country: 'FR' } };

  it('takes out whatever personal data the third party repeats', () => {
    assert.equal(
      redact('answered 422: Ada Keller of 12 Harbour Road is blocked, see Ada Keller', personal),
      'answered 422: [personal data] of [personal data] is blocked, see [personal data]',
    );
  });

  it('leaves the rest as it is', () => {
    assert.equal(redact('answered 422: FR is closed', personal), 'answered 422: FR is closed');
    assert.equal(redact('answered 422', undefined), 'answered 422');
  });
});
