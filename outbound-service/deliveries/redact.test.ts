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

  it('knows a person by one name alone, in any case', () => {
    assert.equal(redact('customer KELLER (ADA KELLER) is blocked', personal), 'customer [personal data] ([personal data]) is blocked');
  });

  it('takes out what was cut off at the end', () => {
    assert.equal(redact('cannot ship to 12 Harb', personal), 'cannot ship to [personal data]');
  });

  it('takes a value with signs of regular expressions for what it is', () => {
    assert.equal(redact('C++ (Ltd.) is blocked', { buyer: { name: 'C++ (Ltd.)' } }), '[personal data] is blocked');
  });

  it('leaves the rest as it is', () => {
    assert.equal(redact('answered 422: FR is closed', personal), 'answered 422: FR is closed');
    assert.equal(redact('answered 422', undefined), 'answered 422');
  });

  it('leaves what was sent in clear besides: a means of payment is not the payer', () => {
    const method = { type: 'card', token: 'tok_1234' };
    assert.equal(redact('card-expired: tok_1234', { method }, { methodType: 'card' }), 'card-expired: [personal data]');
  });
});
