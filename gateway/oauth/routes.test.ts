import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { openGround, openSite, SECRET, type Site, tokenOf } from '../testing/site.ts';

const ensureShop = (site: Site) =>
  site.gateway.directory.ensureClient({ clientId: 'shop', partnerId: 'acme', scopes: ['orders:read', 'orders:write'], secret: SECRET });
const basic = (site: Site, credentials: string, form: string) =>
  fetch(`${site.server.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
  });

describe('token endpoint', () => {
  let site: Site;
  beforeEach(async () => {
    site = await openSite();
    await ensureShop(site);
  });
  afterEach(() => site[Symbol.asyncDispose]());

  it('issues a token that anybody can verify with the published keys', async () => {
    const response = await site.token('shop', SECRET);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const { access_token: token, ...rest } = (await response.json()) as Record<string, string>;
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'orders:read orders:write' });
    const jwks = createRemoteJWKSet(new URL(`${site.server.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(token ?? '', jwks, {
      typ: 'at+jwt',
      issuer: 'http://127.0.0.1:8080',
      audience: 'sagahub',
      currentDate: new Date(site.ground.clock.now()),
    });
    const issuedAt = Math.floor(site.ground.clock.now() / 1000);
    const { jti, ...claims } = payload;
    assert.deepEqual(claims, {
      iss: 'http://127.0.0.1:8080',
      aud: 'sagahub',
      sub: 'shop',
      client_id: 'shop',
      scope: 'orders:read orders:write',
      iat: issuedAt,
      exp: issuedAt + 3600,
    });
    assert.match(jti ?? '', /^[\da-f-]{36}$/);
  });

  it('narrows the scope to what was asked for, and refuses what the client may not have', async () => {
    const narrowed = (await (await site.token('shop', SECRET, 'orders:read')).json()) as Record<string, string>;
    assert.equal(narrowed['scope'], 'orders:read');
    const refused = await site.token('shop', SECRET, 'orders:read admin');
    assert.equal(refused.status, 400);
    assert.deepEqual(await refused.json(), { error: 'invalid_scope', error_description: 'the client may not have admin' });
  });

  it('answers errors in the words of RFC 6749, not as problems, and never to be stored', async () => {
    const wrong = await basic(site, 'shop:wrong', 'grant_type=client_credentials');
    assert.equal(wrong.status, 401);
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic realm=/);
    assert.equal(wrong.headers.get('content-type'), 'application/json');
    assert.equal(wrong.headers.get('cache-control'), 'no-store');
    assert.equal(wrong.headers.get('pragma'), 'no-cache');
    assert.deepEqual(await wrong.json(), { error: 'invalid_client', error_description: 'the client is unknown or its secret is wrong' });
    const grant = await basic(site, `shop:${encodeURIComponent(SECRET)}`, 'grant_type=password');
    assert.equal(grant.status, 400);
    assert.equal(((await grant.json()) as Record<string, string>)['error'], 'unsupported_grant_type');
  });

  it('tells an unknown client, a revoked one and a wrong secret in the same words', async () => {
    const wrong = await (await site.token('shop', 'wrong')).text();
    assert.equal(await (await site.token('nobody', SECRET)).text(), wrong);
    await site.gateway.directory.revokeClient('shop', 'leaked', { by: 'hub' });
    assert.equal(await (await site.token('shop', SECRET)).text(), wrong);
  });

  it('refuses clients of a suspended partner', async () => {
    await site.gateway.directory.suspend('acme', 'unpaid', { by: 'hub' });
    const response = await site.token('shop', SECRET);
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as Record<string, string>)['error'], 'unauthorized_client');
  });

  it('after five wrong secrets makes that client at that address wait, longer each time, even with the right one', async () => {
    for (let i = 0; i < 5; i++) assert.equal((await site.token('shop', 'wrong')).status, 401);
    const first = await site.token('shop', SECRET);
    assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '1']);
    await site.ground.clock.advance(1_000);
    assert.equal((await site.token('shop', 'wrong')).status, 401);
    assert.equal((await site.token('shop', SECRET)).headers.get('retry-after'), '2');
    await site.ground.clock.advance(2_000);
    assert.equal((await site.token('shop', SECRET)).status, 200);
    assert.equal((await site.token('shop', 'wrong')).status, 401, 'the right secret wipes the slate');
    assert.equal((await site.token('shop', SECRET)).status, 200);
  });

  it('keeps working secrets and tokens over a restart', async () => {
    const token = await tokenOf(site, 'other', ['admin']);
    await using again = await openSite({ ground: site.ground });
    assert.equal((await again.token('shop', SECRET)).status, 200);
    assert.equal((await again.call('GET', '/api/v1/admin/partners', { token })).status, 200);
  });

  it('rotates the signing key on request: former tokens stay valid, new ones carry the new key', async () => {
    const token = await tokenOf(site, 'boss', ['admin']);
    const rotated = (await (await site.call('POST', '/api/v1/admin/signing-keys/rotate', { token })).json()) as Record<string, string>;
    assert.notEqual(decodeProtectedHeader(token).kid, rotated['kid']);
    assert.equal((await site.call('GET', '/api/v1/admin/partners', { token })).status, 200);
    assert.equal(decodeProtectedHeader(await tokenOf(site, 'boss', ['admin'])).kid, rotated['kid']);
  });

  it('describes itself for discovery', async () => {
    const metadata = (await (await site.call('GET', '/.well-known/oauth-authorization-server')).json()) as Record<string, unknown>;
    assert.equal(metadata['issuer'], 'http://127.0.0.1:8080');
    assert.equal(metadata['token_endpoint'], 'http://127.0.0.1:8080/oauth/token');
    assert.deepEqual(metadata['grant_types_supported'], ['client_credentials']);
  });
});

describe('an external issuer', () => {
  it('replaces ours: its tokens are accepted for our clients, ours are neither issued nor accepted', async () => {
    await using issuing = await openSite();
    const own = await tokenOf(issuing, 'shop', ['admin']);
    await using ground = await openGround();
    await using site = await openSite({
      ground,
      env: {
        HUB_OAUTH_ISSUER: 'http://127.0.0.1:8080',
        HUB_OAUTH_JWKS_URL: `${issuing.server.url}/.well-known/jwks.json`,
        HUB_PUBLIC_URL: 'https://hub.example',
      },
    });
    assert.equal((await site.call('GET', '/api/v1/admin/partners', { token: own })).status, 401, 'the client is not known here yet');
    await site.gateway.directory.ensureClient({ clientId: 'shop', partnerId: 'acme', scopes: ['admin'], secret: SECRET });
    assert.equal((await site.call('GET', '/api/v1/admin/partners', { token: own })).status, 200);
    assert.equal((await site.token('shop', SECRET)).status, 404);
  });

  it('answers 503, not 401, while its keys cannot be fetched', async () => {
    await using issuing = await openSite();
    const token = await tokenOf(issuing, 'shop', ['admin']);
    await using site = await openSite({
      env: { HUB_OAUTH_ISSUER: 'http://127.0.0.1:8080', HUB_OAUTH_JWKS_URL: 'http://127.0.0.1:1/jwks' },
    });
    const response = await site.call('GET', '/api/v1/admin/partners', { token });
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
  });

  it('is refused when only half of it is configured', async () => {
    await assert.rejects(openSite({ env: { HUB_OAUTH_ISSUER: 'https://id.example' } }), /HUB_OAUTH_JWKS_URL/);
  });
});
