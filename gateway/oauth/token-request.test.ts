import assert from 'node:assert/strict';
import { OAuthError, parseTokenRequest } from './token-request.ts';

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const GRANT = 'grant_type=client_credentials';

describe('parseTokenRequest', () => {
  it('takes credentials from the header or from the body', () => {
    const expected = { clientId: 'shop', clientSecret: 's', scopes: undefined };
    assert.deepEqual(parseTokenRequest(basic('shop', 's'), GRANT), expected);
    assert.deepEqual(parseTokenRequest(undefined, `${GRANT}&client_id=shop&client_secret=s`), expected);
    assert.deepEqual(parseTokenRequest(basic('shop', 's'), `${GRANT}&client_id=shop`), expected);
  });

  it('decodes both parts of Basic as a form does', () => {
    const { clientId, clientSecret } = parseTokenRequest(basic('a%3Ab', 'c+d%2Be:f%C3%A9'), GRANT);
    assert.deepEqual([clientId, clientSecret], ['a:b', 'c d+e:fé']);
  });

  it('reads scopes, each once; none is the same as no scope at all', () => {
    const scopesOf = (scope: string) => parseTokenRequest(basic('a', 'b'), `${GRANT}&scope=${scope}`).scopes;
    assert.deepEqual(scopesOf('orders:read+orders:write+orders:read'), ['orders:read', 'orders:write']);
    assert.equal(scopesOf(''), undefined);
    assert.equal(scopesOf('+'), undefined);
  });

  const faults: readonly [string, string | undefined, string | undefined, OAuthError['error']][] = [
    ['no body', basic('a', 'b'), undefined, 'invalid_request'],
    ['no grant type', basic('a', 'b'), 'scope=x', 'invalid_request'],
    ['another grant type', basic('a', 'b'), 'grant_type=password', 'unsupported_grant_type'],
    ['a repeated parameter', basic('a', 'b'), `${GRANT}&scope=x&scope=y`, 'invalid_request'],
    ['two ways of authentication', basic('a', 'b'), `${GRANT}&client_id=a&client_secret=b`, 'invalid_request'],
    ['two client ids', basic('a', 'b'), `${GRANT}&client_id=c`, 'invalid_request'],
    ['no credentials', undefined, GRANT, 'invalid_client'],
    ['a secret without a client', undefined, `${GRANT}&client_secret=b`, 'invalid_client'],
    ['another scheme', 'Digest abc', GRANT, 'invalid_client'],
    ['Basic without a colon', `Basic ${Buffer.from('abc').toString('base64')}`, GRANT, 'invalid_client'],
    ['Basic that is no base64', 'Basic {}', GRANT, 'invalid_client'],
    ['Basic that is not form-urlencoded', basic('a', '%zz'), GRANT, 'invalid_client'],
    ['a secret of 10 KB', basic('a', 'x'.repeat(10_000)), GRANT, 'invalid_client'],
    ['a scope with characters that no scope has', basic('a', 'b'), `${GRANT}&scope=a%22b`, 'invalid_scope'],
  ];
  for (const [what, authorization, form, error] of faults)
    it(`answers ${error} to ${what}`, () =>
      assert.throws(
        () => parseTokenRequest(authorization, form),
        (thrown) => thrown instanceof OAuthError && thrown.error === error,
      ));
});
