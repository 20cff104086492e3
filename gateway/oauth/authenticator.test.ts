import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { UnauthenticatedError } from '@sagahub/contracts/errors.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { exportJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { IdentityRegistry } from '../identity/registry.ts';
import { memorySecrets } from '../testing/memory-secrets.ts';
import { authenticator } from './authenticator.ts';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';
import { ownKeys, verifyToken } from './token-verifier.ts';

const ISSUER = 'https://hub.example';
const AUDIENCE = 'sagahub';
const DEFAULT_LIMIT = 60_000;

const opened = async (options: { readonly maxTokens?: number } = {}) => {
  const clock = manualClock();
  const signing = await openSigningKeys({ keys: memorySecrets(), clock, retireAfterMs: 3_600_000 });
  const registry = new IdentityRegistry();
  const add = (stream: string, revision: number, type: string, data: object) =>
    registry.apply([
      { stream, revision, type, data: { by: 'hub', ...data }, metadata: { time: '', correlationId: '', actor: 'hub', schemaVersion: 1 } },
    ]);
  const scopes: readonly Scope[] = ['orders:read', 'orders:write'];
  add('partner-acme', 0, 'PartnerAdded', { partnerId: 'acme', name: 'ACME' });
  add('client-shop', 0, 'ClientAdded', { clientId: 'shop', partnerId: 'acme', scopes });
  let verified = 0;
  const subject = authenticator({
    registry,
    catchUp: () => Promise.resolve(),
    clock,
    defaultLimitPerMinute: DEFAULT_LIMIT,
    verify: (token) => {
      verified++;
      return verifyToken(token, { issuer: ISSUER, audience: AUDIENCE, algorithms: ['ES256', 'Ed25519'], keyOf: ownKeys(signing), clock });
    },
    ...options,
  });
  return {
    clock,
    signing,
    add,
    subject,
    verifications: () => verified,
    authenticate: (token: string) => subject.authenticate(`Bearer ${token}`),
  };
};
type Opened = Awaited<ReturnType<typeof opened>>;

interface Forgery {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: Record<string, unknown>;
  readonly key?: Parameters<SignJWT['sign']>[0];
}
/** A valid token, except for what is named; `undefined` leaves a claim out. */
const forge = (
  { signing, clock }: { readonly signing: SigningKeys; readonly clock: { now(): number } },
  { header, claims, key }: Forgery = {},
) => {
  const { kid, alg, privateKey } = signing.current();
  const now = Math.floor(clock.now() / 1000);
  const all = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'shop',
    client_id: 'shop',
    iat: now,
    exp: now + 3600,
    jti: 'j-1',
    scope: 'orders:write',
    ...claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
    .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
    .sign(key ?? privateKey);
};
const encode = (part: object | string) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const refusedWith = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UnauthenticatedError, String(error));
  assert.match(error.message, pattern);
  return true;
};

describe('authenticator', () => {
  it('accepts a token of ours, with the scopes that token and client have in common', async () => {
    const { authenticate, ...site } = await opened();
    const principal = await authenticate(await forge(site, { claims: { scope: 'orders:write admin nonsense' } }));
    assert.deepEqual(principal, {
      clientId: 'shop',
      partnerId: 'acme',
      scopes: new Set(['orders:write']),
      rateLimitPerMinute: DEFAULT_LIMIT,
    });
  });

  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt'])
    it(`accepts the type ${typ}`, async () => {
      const site = await opened();
      assert.equal((await site.authenticate(await forge(site, { header: { typ } }))).clientId, 'shop');
    });

  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const attacks: readonly [string, (site: Opened) => Promise<string> | string, RegExp][] = [
    ['nothing like a JWT', () => 'abc', /is no JWT/],
    ['a token of two parts', async (site) => (await forge(site)).split('.').slice(0, 2).join('.'), /is no JWT/],
    ['characters that base64url has not', async (site) => `${await forge(site)}=`, /is no JWT/],
    ['a token of 10 KB', (site) => forge(site, { claims: { filler: 'x'.repeat(10_000) } }), /is no JWT/],
    ['parts that are no JSON', () => `${encode('no')}.${encode('json')}.${encode('x')}`, /no valid JWT/],
    [
      'no algorithm',
      async (site) => `${encode({ alg: 'none', typ: 'at+jwt' })}.${(await forge(site)).split('.')[1]}.${encode('x')}`,
      /algorithm/,
    ],
    [
      'HS256 with our public key as the secret',
      async (site) => {
        const [jwk] = (await site.signing.jwks()).keys;
        const head = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: jwk?.kid })}.${(await forge(site)).split('.')[1]}`;
        return `${head}.${createHmac('sha256', JSON.stringify(jwk)).update(head).digest('base64url')}`;
      },
      /algorithm/,
    ],
    [
      'an algorithm that is not the key’s',
      async (site) => (await forge(site)).replace(/^[^.]+/, encode({ alg: 'Ed25519', typ: 'at+jwt', kid: site.signing.current().kid })),
      /unknown key/,
    ],
    ['a foreign key under our key id', (site) => forge(site, { key: foreign.privateKey }), /signature is wrong/],
    ['an unknown key id', (site) => forge(site, { header: { kid: 'other' }, key: foreign.privateKey }), /unknown key/],
    ['no key id', (site) => forge(site, { header: { kid: undefined } as object }), /unknown key/],
    ['a key id that asks for a file', (site) => forge(site, { header: { kid: '../../../dev/null' } }), /unknown key/],
    ['a key id of 1,000 characters', (site) => forge(site, { header: { kid: 'k'.repeat(1_000) } }), /unknown key/],
    [
      'a key that the token brings itself',
      async (site) => forge(site, { header: { jwk: await exportJWK(foreign.publicKey), kid: 'own' }, key: foreign.privateKey }),
      /unknown key/,
    ],
    [
      'an embedded key under our key id',
      async (site) =>
        forge(site, {
          header: { jwk: await exportJWK(foreign.publicKey), jku: 'https://evil.example/jwks', x5u: 'https://evil.example' },
          key: foreign.privateKey,
        }),
      /signature is wrong/,
    ],
    [
      'a critical extension nobody knows',
      async (site) =>
        (await forge(site)).replace(/^[^.]+/, encode({ alg: 'ES256', typ: 'at+jwt', kid: site.signing.current().kid, crit: ['x'], x: 1 })),
      /no valid JWT/,
    ],
    ['the type JWT', (site) => forge(site, { header: { typ: 'JWT' } }), /"typ"/],
    ['no type', (site) => forge(site, { header: { typ: undefined } as object }), /"typ"/],
    ['another issuer', (site) => forge(site, { claims: { iss: 'https://other.example' } }), /"iss"/],
    ['our issuer with a slash behind', (site) => forge(site, { claims: { iss: `${ISSUER}/` } }), /"iss"/],
    ['another audience', (site) => forge(site, { claims: { aud: 'billing' } }), /"aud"/],
    ['expiry beyond the leeway', (site) => forge(site, { claims: { exp: site.clock.now() / 1000 - 31 } }), /expired/],
    ['not valid yet', (site) => forge(site, { claims: { nbf: site.clock.now() / 1000 + 31 } }), /"nbf"/],
    ['issued in the future', (site) => forge(site, { claims: { iat: Math.floor(site.clock.now() / 1000) + 31 } }), /future/],
    ...['iss', 'aud', 'sub', 'client_id', 'exp', 'iat', 'jti'].map((claim): [string, (site: Opened) => Promise<string>, RegExp] => [
      `no ${claim}`,
      (site) => forge(site, { claims: { [claim]: undefined } }),
      new RegExp(`"${claim}"`),
    ]),
    ['a client_id that is no string', (site) => forge(site, { claims: { client_id: ['shop'] } }), /right type/],
    ['a scope that is no string', (site) => forge(site, { claims: { scope: ['admin'] } }), /right type/],
    ['an unknown client', (site) => forge(site, { claims: { client_id: 'nobody' } }), /client is unknown/],
    ['a client named like a member of every object', (site) => forge(site, { claims: { client_id: '__proto__' } }), /client is unknown/],
    [
      'claims changed after signing',
      async (site) => {
        const [head, claims, signature] = (await forge(site)).split('.');
        const changed = { ...(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString()) as object), scope: 'admin' };
        return `${head}.${encode(changed)}.${signature}`;
      },
      /signature is wrong/,
    ],
  ];
  for (const [attack, token, reason] of attacks)
    it(`refuses ${attack}`, async () => {
      const site = await opened();
      await assert.rejects(site.authenticate(await token(site)), refusedWith(reason));
    });

  for (const header of [undefined, '', 'Basic c2hvcDpz', 'bearer'])
    it(`asks for a token when the header is ${JSON.stringify(header)}`, async () => {
      const { subject } = await opened();
      await assert.rejects(subject.authenticate(header), UnauthenticatedError);
    });

  it('accepts a token within the leeway of its expiry, remembered or not, and not a moment longer', async () => {
    const site = await opened();
    const token = await forge(site, { claims: { exp: site.clock.now() / 1000 - 29 } });
    await site.authenticate(token);
    await site.authenticate(token);
    await site.clock.advance(2_000);
    await assert.rejects(site.authenticate(token), refusedWith(/expired/));
    assert.equal(site.verifications(), 1);
  });

  it('checks the signature of a token once, and client and partner every time', async () => {
    const site = await opened();
    const token = await forge(site);
    await site.authenticate(token);
    await site.authenticate(token);
    assert.equal(site.verifications(), 1);
    site.add('partner-acme', 1, 'PartnerSuspended', { reason: 'unpaid' });
    await assert.rejects(site.authenticate(token), refusedWith(/suspended/));
    site.add('partner-acme', 2, 'PartnerReinstated', { reason: 'paid' });
    await site.authenticate(token);
    site.add('partner-acme', 3, 'PartnerChanged', { rateLimitPerMinute: 7 });
    assert.equal((await site.authenticate(token)).rateLimitPerMinute, 7);
    site.add('client-shop', 1, 'ClientRevoked', { reason: 'leaked' });
    await assert.rejects(site.authenticate(token), refusedWith(/revoked/));
  });

  it('remembers so many tokens, and forgets the one unused for longest', async () => {
    const site = await opened({ maxTokens: 2 });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((jti) => forge(site, { claims: { jti } })));
    for (const token of [a, b, a, c]) await site.authenticate(token ?? '');
    assert.equal(site.verifications(), 3);
    await site.authenticate(a ?? '');
    assert.equal(site.verifications(), 3);
    await site.authenticate(b ?? '');
    assert.equal(site.verifications(), 4);
  });
});
