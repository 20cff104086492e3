import assert from 'node:assert/strict';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import { parseIdempotencyKey, requestKeyOf } from './idempotency-key.ts';

describe('Idempotency-Key', () => {
  it('is optional', () => assert.equal(parseIdempotencyKey(undefined), undefined));

  it('is the same key quoted and bare', () => {
    assert.equal(parseIdempotencyKey('"8e03978e-40d5"'), '8e03978e-40d5');
    assert.equal(parseIdempotencyKey('8e03978e-40d5'), '8e03978e-40d5');
  });

  it('takes 1 to 255 visible ASCII characters', () => {
    for (const key of ['k', '!~', '"', 'a"b', 'x'.repeat(255)]) assert.equal(parseIdempotencyKey(key), key);
    assert.equal(parseIdempotencyKey(`"${'x'.repeat(255)}"`), 'x'.repeat(255));
  });

  for (const sent of ['', '""', 'a b', 'a, b', 'é', 'a\u0007', 'x'.repeat(256)])
    it(`refuses ${JSON.stringify(sent.slice(0, 10))}, naming the header`, () => {
      assert.throws(
        () => parseIdempotencyKey(sent),
        (error) =>
          error instanceof MalformedRequestError &&
          error.code === 'HUB_IDEMPOTENCY_KEY_INVALID' &&
          error.extensions.errors?.[0]?.header === 'Idempotency-Key',
      );
    });

  it('belongs to one client, and is kept as a hash', () => {
    assert.match(requestKeyOf('a', 'k'), /^[\da-f]{64}$/);
    assert.notEqual(requestKeyOf('a', 'k'), requestKeyOf('b', 'k'));
  });
});
