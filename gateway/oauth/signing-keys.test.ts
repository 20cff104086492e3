import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { ConfigurationError, ConflictError } from '@sagahub/contracts/errors.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { calculateJwkThumbprint, jwtVerify } from 'jose';
import { memorySecrets } from '../testing/memory-secrets.ts';
import { openSigningKeys } from './signing-keys.ts';
import { tokenIssuer } from './tokens.ts';

const RETIRE_AFTER_MS = 3_600_000;
const open = (keys = memorySecrets(), clock = manualClock(), configured?: string) =>
  openSigningKeys({ keys, clock, configured, retireAfterMs: RETIRE_AFTER_MS });
const kids = async (keys: Awaited<ReturnType<typeof open>>) => (await keys.jwks()).keys.map(({ kid }) => kid);

describe('signing keys', () => {
  it('draws a key once, and keeps it over restarts', async () => {
    const keys = memorySecrets();
    const first = await open(keys);
    const second = await open(keys);
    assert.equal(first.current().kid, second.current().kid);
  });

  it('publishes public members alone, with the thumbprint as key id', async () => {
    const [jwk] = (await (await open()).jwks()).keys;
    assert.deepEqual(Object.keys(jwk ?? {}).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    assert.equal(jwk?.kid, await calculateJwkThumbprint(jwk ?? {}));
  });

  it('after a rotation signs with the new key, and publishes the former one until its last token has expired', async () => {
    const clock = manualClock();
    const signing = await open(memorySecrets(), clock);
    const former = signing.current().kid;
    const next = await signing.rotate();
    assert.deepEqual([signing.current().kid, await kids(signing)], [next, [next, former]]);
    await clock.advance(RETIRE_AFTER_MS - 1);
    assert.deepEqual(await kids(signing), [next, former]);
    await clock.advance(30_000);
    assert.deepEqual(await kids(signing), [next]);
    assert.equal(await signing.find(former), undefined);
  });

  it('learns a key that another process drew, without asking the store for every unknown key id', async () => {
    const keys = memorySecrets();
    const clock = manualClock();
    const [here, there] = [await open(keys, clock), await open(keys, clock)];
    const kid = await there.rotate();
    assert.equal(await here.find(kid), undefined);
    await clock.advance(30_000);
    assert.equal((await here.find(kid))?.kid, kid);
  });

  it('forgets long retired keys for good at the next rotation', async () => {
    const keys = memorySecrets();
    const clock = manualClock();
    const signing = await open(keys, clock);
    await signing.rotate();
    await clock.advance(RETIRE_AFTER_MS);
    await signing.rotate();
    const stored = JSON.parse(Buffer.from(keys.all.get('token-signing-keys') ?? '').toString()) as unknown[];
    assert.equal(stored.length, 2);
  });

  const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const forms: readonly [string, string, string][] = [
    ['PEM', ec().export({ type: 'pkcs8', format: 'pem' }) as string, 'ES256'],
    ['a JWK', JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })), 'Ed25519'],
    ['a JWK Set', JSON.stringify({ keys: [ec().export({ format: 'jwk' }), ec().export({ format: 'jwk' })] }), 'ES256'],
  ];
  for (const [form, text, alg] of forms)
    it(`takes the configured key as ${form}, stores nothing, and signs what it then verifies`, async () => {
      const keys = memorySecrets();
      const clock = manualClock();
      const signing = await open(keys, clock, text);
      assert.equal(signing.current().alg, alg);
      assert.equal(keys.all.size, 0);
      const token = await tokenIssuer('https://hub.example', 'sagahub', 60_000, signing, clock).issue('shop', ['orders:read']);
      const { payload } = await jwtVerify(token, signing.current().publicKey, { currentDate: new Date(clock.now()) });
      assert.equal(payload['scope'], 'orders:read');
      await assert.rejects(signing.rotate(), ConflictError);
    });

  const useless: readonly [string, string][] = [
    ['no key at all', 'hello'],
    ['a public key', JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }))],
    ['a key on another curve', ec384()],
    ['an RSA key', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
  ];
  for (const [what, text] of useless)
    it(`refuses ${what}, without repeating it`, () =>
      assert.rejects(open(memorySecrets(), manualClock(), text), (error: ConfigurationError) => {
        assert.ok(error instanceof ConfigurationError, String(error));
        assert.doesNotMatch(error.message, /hello|"x"/);
        return true;
      }));
});

function ec384(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}
